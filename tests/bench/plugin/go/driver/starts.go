package main

import "time"

// measureStarts takes turns, so that what else the machine does meets all alike.
func measureStarts(p *plan, subjects []*subject, in *inputs, r *report) error {
	add := func(to map[string][][]float64, name string, value float64, first bool) {
		if first {
			to[name] = append(to[name], nil)
		}
		last := len(to[name]) - 1
		to[name][last] = append(to[name][last], value)
	}
	for i := range p.Starts {
		for _, s := range subjects {
			reply, cpu, kill, err := firstReply(s)
			if err != nil {
				return err
			}
			add(r.FirstReply, s.name, reply, i == 0)
			add(r.StartCPU, s.name, cpu, i == 0)
			add(r.Kill, s.name, kill, i == 0)
		}
		for _, s := range subjects {
			took, cpu, err := poll(s, in)
			if err != nil {
				return err
			}
			add(r.Poll, s.name, took, i == 0)
			add(r.PollCPU, s.name, cpu, i == 0)
		}
	}
	return nil
}

// firstReply starts the plugin and asks what it applies to; then it ends it as Velero does.
func firstReply(s *subject) (reply, cpu, kill float64, err error) {
	manager := s.manage()
	start := time.Now()
	action, err := manager.GetBackupItemActionV2(backupAction)
	if err == nil {
		_, err = action.AppliesTo()
	}
	reply = since(start)
	cpu = cpuOfChild()
	start = time.Now()
	manager.CleanupClients()
	return reply, cpu, since(start), err
}

// poll is the whole life of a process that Velero starts every ten seconds: start, one Progress, end.
func poll(s *subject, in *inputs) (took, cpu float64, err error) {
	manager := s.manage()
	start := time.Now()
	action, err := manager.GetBackupItemActionV2(backupAction)
	if err == nil {
		_, err = action.Progress(in.operationID, in.backup)
	}
	cpu = cpuOfChild()
	manager.CleanupClients()
	return since(start), cpu, err
}
