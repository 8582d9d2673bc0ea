package main

import (
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	velerov1 "github.com/vmware-tanzu/velero/pkg/apis/velero/v1"
	"github.com/vmware-tanzu/velero/pkg/plugin/velero"
)

func (s *session) backupItemAction(r *request) (any, error) {
	action, err := s.manager.GetBackupItemActionV2(r.Name)
	if err != nil {
		return nil, err
	}
	backup := &velerov1.Backup{}
	if err := decode(r.Owner, backup); err != nil {
		return nil, err
	}
	switch r.Op {
	case "appliesTo":
		return action.AppliesTo()
	case "execute":
		item, err := object(r.Item)
		if err != nil {
			return nil, err
		}
		updated, additional, operationID, postOperation, err := action.Execute(item, backup)
		if err != nil {
			return nil, err
		}
		return map[string]any{
			"item":               content(updated),
			"additionalItems":    additional,
			"operationID":        operationID,
			"postOperationItems": postOperation,
		}, nil
	case "progress":
		return action.Progress(r.OperationID, backup)
	case "cancel":
		return nil, action.Cancel(r.OperationID, backup)
	default:
		return nil, fmt.Errorf("unknown op %q", r.Op)
	}
}

func (s *session) restoreItemAction(r *request) (any, error) {
	action, err := s.manager.GetRestoreItemActionV2(r.Name)
	if err != nil {
		return nil, err
	}
	restore := &velerov1.Restore{}
	if err := decode(r.Owner, restore); err != nil {
		return nil, err
	}
	switch r.Op {
	case "appliesTo":
		return action.AppliesTo()
	case "execute":
		return s.restoreItem(r, action.Execute, restore)
	case "progress":
		return action.Progress(r.OperationID, restore)
	case "cancel":
		return nil, action.Cancel(r.OperationID, restore)
	case "itemsReady":
		return action.AreAdditionalItemsReady(nil, restore)
	default:
		return nil, fmt.Errorf("unknown op %q", r.Op)
	}
}

type restoreItemExecute func(*velero.RestoreItemActionExecuteInput) (*velero.RestoreItemActionExecuteOutput, error)

func (s *session) restoreItem(r *request, execute restoreItemExecute, restore *velerov1.Restore) (any, error) {
	item, err := object(r.Item)
	if err != nil {
		return nil, err
	}
	fromBackup := item.DeepCopy()
	if len(r.FromBackup) > 0 {
		if fromBackup, err = object(r.FromBackup); err != nil {
			return nil, err
		}
	}
	out, err := execute(&velero.RestoreItemActionExecuteInput{Item: item, ItemFromBackup: fromBackup, Restore: restore})
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"item":            content(out.UpdatedItem),
		"additionalItems": out.AdditionalItems,
		"skipRestore":     out.SkipRestore,
		"operationID":     out.OperationID,
		"wait":            out.WaitForAdditionalItems,
	}, nil
}

func (s *session) deleteItemAction(r *request) (any, error) {
	action, err := s.manager.GetDeleteItemAction(r.Name)
	if err != nil {
		return nil, err
	}
	if r.Op == "appliesTo" {
		return action.AppliesTo()
	}
	item, backup, err := itemOfBackup(r)
	if err != nil {
		return nil, err
	}
	return nil, action.Execute(&velero.DeleteItemActionExecuteInput{Item: item, Backup: backup})
}

func (s *session) itemBlockAction(r *request) (any, error) {
	action, err := s.manager.GetItemBlockAction(r.Name)
	if err != nil {
		return nil, err
	}
	if r.Op == "appliesTo" {
		return action.AppliesTo()
	}
	item, backup, err := itemOfBackup(r)
	if err != nil {
		return nil, err
	}
	return action.GetRelatedItems(item, backup)
}

func itemOfBackup(r *request) (*unstructured.Unstructured, *velerov1.Backup, error) {
	item, err := object(r.Item)
	if err != nil {
		return nil, nil, err
	}
	backup := &velerov1.Backup{}
	return item, backup, decode(r.Owner, backup)
}

func object(raw json.RawMessage) (*unstructured.Unstructured, error) {
	u := &unstructured.Unstructured{}
	return u, u.UnmarshalJSON(raw)
}

// content encodes as Velero does when it writes the item into the backup.
func content(u runtime.Unstructured) any {
	if u == nil {
		return nil
	}
	return u.UnstructuredContent()
}

func decode(raw json.RawMessage, into any) error {
	if len(raw) == 0 {
		return nil
	}
	return json.Unmarshal(raw, into)
}
