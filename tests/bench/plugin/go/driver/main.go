// Command driver measures Velero plugins side by side, through Velero's own client code. It reads a plan from stdin and
// writes what it measured to stdout, both JSON.
//
// It is started as `driver server <flags of velero server>`, because Velero hands everything after the second word to
// its plugins.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/sirupsen/logrus"

	"github.com/vmware-tanzu/velero/pkg/plugin/clientmgmt"
	"github.com/vmware-tanzu/velero/pkg/plugin/clientmgmt/process"
	"github.com/vmware-tanzu/velero/pkg/plugin/framework"
)

type plan struct {
	// Plugins are folders by name.
	Plugins []pluginFolder `json:"plugins"`
	Rounds  int            `json:"rounds"`
	// Starts is how often each plugin is started per round.
	Starts int    `json:"starts"`
	Cases  []call `json:"cases"`
	// Items are JSON objects by name.
	Items       map[string]json.RawMessage `json:"items"`
	Backup      json.RawMessage            `json:"backup"`
	Restore     json.RawMessage            `json:"restore"`
	OperationID string                     `json:"operationID"`
	// Load is what memory is measured after, one stage after the other in one process.
	Load []call `json:"load"`
}

type pluginFolder struct {
	Name string `json:"name"`
	Dir  string `json:"dir"`
}

// call is asked Calls times per round, Parallel at once.
type call struct {
	Name     string `json:"name"`
	Op       string `json:"op"`
	Item     string `json:"item"`
	Calls    int    `json:"calls"`
	Parallel int    `json:"parallel"`
}

// report has milliseconds by plugin, per round.
type report struct {
	FirstReply map[string][][]float64            `json:"firstReply"`
	StartCPU   map[string][][]float64            `json:"startCPU"`
	Poll       map[string][][]float64            `json:"poll"`
	PollCPU    map[string][][]float64            `json:"pollCPU"`
	Kill       map[string][][]float64            `json:"kill"`
	Calls      map[string]map[string][][]float64 `json:"calls"`
	// Memory is by plugin and stage, one entry per round.
	Memory map[string]map[string][]memory `json:"memory"`
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "run-plugins" {
		// The registry lists the host's own plugins first; this host has none.
		framework.NewServer().Serve()
		return
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	var p plan
	if err := json.NewDecoder(os.Stdin).Decode(&p); err != nil {
		return err
	}
	subjects := []*subject{}
	for _, folder := range p.Plugins {
		s, err := discover(folder)
		if err != nil {
			return err
		}
		subjects = append(subjects, s)
	}
	in, err := decodeInputs(&p)
	if err != nil {
		return err
	}
	r := &report{
		FirstReply: map[string][][]float64{},
		StartCPU:   map[string][][]float64{},
		Poll:       map[string][][]float64{},
		PollCPU:    map[string][][]float64{},
		Kill:       map[string][][]float64{},
		Calls:      map[string]map[string][][]float64{},
		Memory:     map[string]map[string][]memory{},
	}
	for round := range p.Rounds {
		fmt.Fprintf(os.Stderr, "round %d of %d: starts", round+1, p.Rounds)
		if err := measureStarts(&p, subjects, in, r); err != nil {
			return err
		}
		fmt.Fprint(os.Stderr, ", calls")
		if err := measureCalls(&p, subjects, in, r); err != nil {
			return err
		}
		fmt.Fprintln(os.Stderr, ", memory")
		if err := measureMemory(&p, subjects, in, r); err != nil {
			return err
		}
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

// subject is one of the plugins that are compared.
type subject struct {
	name     string
	registry process.Registry
}

func discover(folder pluginFolder) (*subject, error) {
	registry := process.NewRegistry(folder.Dir, quiet(), logrus.InfoLevel)
	if err := registry.DiscoverPlugins(); err != nil {
		return nil, fmt.Errorf("%s: %w", folder.Name, err)
	}
	return &subject{name: folder.Name, registry: registry}, nil
}

// manage begins what Velero has per backup, per restore and per poll: a manager, and with it at most one process.
func (s *subject) manage() clientmgmt.Manager {
	return clientmgmt.NewManager(quiet(), logrus.InfoLevel, s.registry)
}

// quiet formats lines as Velero does, and drops them.
func quiet() *logrus.Logger {
	logger := logrus.New()
	logger.SetOutput(io.Discard)
	return logger
}
