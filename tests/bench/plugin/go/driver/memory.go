package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// memory of a process, in MiB, as Kubernetes counts it.
type memory struct {
	// RSS is all that is resident, pages of files that other processes share included.
	RSS float64 `json:"rss"`
	// Anon is what belongs to the process alone and cannot be read again from a file.
	Anon float64 `json:"anon"`
}

// settled is how long a process is left alone before it is measured.
const settled = 500 * time.Millisecond

// measureMemory goes through the stages of the load in a fresh process per plugin.
func measureMemory(p *plan, subjects []*subject, in *inputs, r *report) error {
	for _, s := range subjects {
		stages, ok := r.Memory[s.name]
		if !ok {
			stages = map[string][]memory{}
			r.Memory[s.name] = stages
		}
		if err := loadStages(p, s, in, stages); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

func loadStages(p *plan, s *subject, in *inputs, stages map[string][]memory) error {
	manager := s.manage()
	defer manager.CleanupClients()
	action, err := manager.GetBackupItemActionV2(backupAction)
	if err != nil {
		return err
	}
	if _, err := action.AppliesTo(); err != nil {
		return err
	}
	note := func(stage string) error {
		time.Sleep(settled)
		found, err := memoryOfChild()
		stages[stage] = append(stages[stage], found)
		return err
	}
	if err := note("start"); err != nil {
		return err
	}
	for _, stage := range p.Load {
		if _, err := ask(manager, stage, in); err != nil {
			return err
		}
		if err := note(stage.Name); err != nil {
			return err
		}
	}
	return nil
}

func memoryOfChild() (memory, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", child()))
	if err != nil {
		return memory{}, err
	}
	return memory{RSS: mebibytes(string(text), "Rss"), Anon: mebibytes(string(text), "Anonymous")}, nil
}

func mebibytes(smaps, key string) float64 {
	_, rest, _ := strings.Cut(smaps, "\n"+key+":")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kib, _ := strconv.ParseFloat(fields[0], 64)
	return kib / 1024
}

// cpuOfChild is the CPU time that all threads of the child have used, in milliseconds.
func cpuOfChild() float64 {
	total := 0.0
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", child()))
	for _, file := range files {
		text, _ := os.ReadFile(file)
		if fields := strings.Fields(string(text)); len(fields) > 0 {
			nanos, _ := strconv.ParseFloat(fields[0], 64)
			total += nanos / 1e6
		}
	}
	return total
}

// child is the plugin process that runs; the driver never has two when it asks.
func child() int {
	files, _ := filepath.Glob("/proc/self/task/*/children")
	for _, file := range files {
		text, _ := os.ReadFile(file)
		for _, field := range strings.Fields(string(text)) {
			if pid, err := strconv.Atoi(field); err == nil {
				return pid
			}
		}
	}
	return 0
}
