package main

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	velerov1 "github.com/vmware-tanzu/velero/pkg/apis/velero/v1"
	"github.com/vmware-tanzu/velero/pkg/plugin/clientmgmt"
	"github.com/vmware-tanzu/velero/pkg/plugin/velero"
)

const (
	backupAction  = "oadp.openshift.io/data-mover-backup"
	restoreAction = "oadp.openshift.io/data-mover-restore"
)

// inputs are the plan's objects, decoded as Velero has them when it calls.
type inputs struct {
	items       map[string]*unstructured.Unstructured
	backup      *velerov1.Backup
	restore     *velerov1.Restore
	operationID string
}

func decodeInputs(p *plan) (*inputs, error) {
	in := &inputs{
		items:       map[string]*unstructured.Unstructured{},
		backup:      &velerov1.Backup{},
		restore:     &velerov1.Restore{},
		operationID: p.OperationID,
	}
	for name, raw := range p.Items {
		item := &unstructured.Unstructured{}
		if err := item.UnmarshalJSON(raw); err != nil {
			return nil, fmt.Errorf("item %s: %w", name, err)
		}
		in.items[name] = item
	}
	if err := json.Unmarshal(p.Backup, in.backup); err != nil {
		return nil, err
	}
	return in, json.Unmarshal(p.Restore, in.restore)
}

// measureCalls asks one plugin, then the other, case by case, in processes that live through the round.
func measureCalls(p *plan, subjects []*subject, in *inputs, r *report) error {
	managers := map[string]clientmgmt.Manager{}
	for _, s := range subjects {
		manager := s.manage()
		defer manager.CleanupClients()
		managers[s.name] = manager
	}
	for _, c := range p.Cases {
		byPlugin, ok := r.Calls[c.Name]
		if !ok {
			byPlugin = map[string][][]float64{}
			r.Calls[c.Name] = byPlugin
		}
		for _, s := range subjects {
			took, err := repeat(managers[s.name], c, in)
			if err != nil {
				return fmt.Errorf("%s, %s: %w", s.name, c.Name, err)
			}
			byPlugin[s.name] = append(byPlugin[s.name], took)
		}
	}
	return nil
}

// repeat returns what each call took. A few go ahead that do not count.
func repeat(manager clientmgmt.Manager, c call, in *inputs) ([]float64, error) {
	warmUp := c
	warmUp.Calls = max(c.Calls/10, c.Parallel)
	if _, err := ask(manager, warmUp, in); err != nil {
		return nil, err
	}
	return ask(manager, c, in)
}

func ask(manager clientmgmt.Manager, c call, in *inputs) ([]float64, error) {
	one, err := callOf(manager, c, in)
	if err != nil {
		return nil, err
	}
	var (
		wait     sync.WaitGroup
		mu       sync.Mutex
		took     = make([]float64, 0, c.Calls)
		firstErr error
	)
	for range c.Parallel {
		wait.Go(func() {
			for range c.Calls / c.Parallel {
				start := time.Now()
				err := one()
				millis := since(start)
				mu.Lock()
				took = append(took, millis)
				if firstErr == nil {
					firstErr = err
				}
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	return took, firstErr
}

func callOf(manager clientmgmt.Manager, c call, in *inputs) (func() error, error) {
	if c.Op == "restore" {
		action, err := manager.GetRestoreItemActionV2(restoreAction)
		return func() error {
			item := in.items[c.Item]
			_, err := action.Execute(&velero.RestoreItemActionExecuteInput{
				Item: item, ItemFromBackup: item, Restore: in.restore,
			})
			return err
		}, err
	}
	action, err := manager.GetBackupItemActionV2(backupAction)
	if c.Op == "progress" {
		return func() error {
			progress, err := action.Progress(in.operationID, in.backup)
			if err == nil && progress.NTotal == 0 {
				return fmt.Errorf("no progress: %+v", progress)
			}
			return err
		}, err
	}
	return func() error {
		_, _, _, _, err := action.Execute(in.items[c.Item], in.backup)
		return err
	}, err
}

func since(start time.Time) float64 {
	return float64(time.Since(start).Microseconds()) / 1000
}
