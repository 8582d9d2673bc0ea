// Command harness drives a Velero plugin executable with Velero's own client code and is itself driven by
// JSON lines: one request per line on stdin, one answer (or log line) per line on stdout.
//
// It is started as `harness server <flags of velero server>`, because Velero hands everything after the
// second word to its plugins.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/vmware-tanzu/velero/pkg/plugin/clientmgmt"
	"github.com/vmware-tanzu/velero/pkg/plugin/clientmgmt/process"
	"github.com/vmware-tanzu/velero/pkg/plugin/framework"
	"github.com/vmware-tanzu/velero/pkg/plugin/framework/common"
	"github.com/vmware-tanzu/velero/pkg/util/logging"
)

type request struct {
	ID      int             `json:"id"`
	Op      string          `json:"op"`
	Session string          `json:"session"`
	Dir     string          `json:"dir"`
	Kind    string          `json:"kind"`
	Name    string          `json:"name"`
	Item    json.RawMessage `json:"item"`
	// FromBackup is the item as it lies in the backup; absent means the same as Item.
	FromBackup json.RawMessage `json:"fromBackup"`
	// Owner is the Backup or Restore that the call belongs to.
	Owner       json.RawMessage `json:"owner"`
	OperationID string          `json:"operationID"`
	// Facts is the cluster in which Velero judges a claim.
	Facts json.RawMessage `json:"facts"`
}

type answer struct {
	ID     int     `json:"id"`
	Result any     `json:"result,omitempty"`
	Error  string  `json:"error,omitempty"`
	Stack  any     `json:"stack,omitempty"`
	Millis float64 `json:"millis"`
}

type logLine struct {
	Session string          `json:"session"`
	Log     json.RawMessage `json:"log"`
}

// session is what Velero has per backup or restore: a manager, and a logger that counts.
type session struct {
	manager clientmgmt.Manager
	logger  *logrus.Logger
	counts  *logging.LogHook
}

type harness struct {
	mu       sync.Mutex
	out      *json.Encoder
	level    logrus.Level
	registry process.Registry
	sessions map[string]*session
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "run-plugins" {
		// The registry lists the host's own plugins first; this host has none.
		framework.NewServer().Serve()
		return
	}
	level, err := logrus.ParseLevel(flagValue("log-level", "info"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	h := &harness{out: json.NewEncoder(os.Stdout), level: level, sessions: map[string]*session{}}
	h.serve()
}

func (h *harness) serve() {
	input := bufio.NewReaderSize(os.Stdin, 1<<20)
	for {
		line, err := input.ReadBytes('\n')
		if err != nil {
			for _, s := range h.sessions {
				s.manager.CleanupClients()
			}
			return
		}
		go h.answer(line)
	}
}

func (h *harness) answer(line []byte) {
	var r request
	if err := json.Unmarshal(line, &r); err != nil {
		h.emit(answer{ID: -1, Error: "bad request: " + err.Error()})
		return
	}
	start := time.Now()
	result, err := h.handle(&r)
	a := answer{ID: r.ID, Result: result, Millis: float64(time.Since(start).Microseconds()) / 1000}
	if err != nil {
		a.Error = err.Error()
		a.Stack = stackOf(err)
	}
	h.emit(a)
}

func (h *harness) emit(v any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	_ = h.out.Encode(v)
}

func (h *harness) handle(r *request) (any, error) {
	switch r.Op {
	case "discover":
		return h.discover(r)
	case "open":
		return nil, h.open(r.Session)
	case "close":
		return h.close(r.Session)
	case "children":
		return children(), nil
	case "takesSnapshot":
		return h.takesSnapshot(r)
	}
	s, err := h.session(r.Session)
	if err != nil {
		return nil, err
	}
	switch r.Kind {
	case string(common.PluginKindBackupItemActionV2):
		return s.backupItemAction(r)
	case string(common.PluginKindRestoreItemActionV2):
		return s.restoreItemAction(r)
	case string(common.PluginKindDeleteItemAction):
		return s.deleteItemAction(r)
	case string(common.PluginKindItemBlockAction):
		return s.itemBlockAction(r)
	default:
		return nil, fmt.Errorf("unknown kind %q", r.Kind)
	}
}

func (h *harness) discover(r *request) (any, error) {
	logger := h.logger("discover")
	registry := process.NewRegistry(r.Dir, logger, h.level)
	if err := registry.DiscoverPlugins(); err != nil {
		return nil, err
	}
	found := []framework.PluginIdentifier{}
	for kind := range common.AllPluginKinds() {
		found = append(found, registry.List(common.PluginKind(kind))...)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.registry = registry
	return found, nil
}

func (h *harness) open(name string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.registry == nil {
		return fmt.Errorf("open before discover")
	}
	logger := h.logger(name)
	counts := logging.NewLogHook()
	logger.Hooks.Add(counts)
	h.sessions[name] = &session{
		manager: clientmgmt.NewManager(logger.WithField("backup", "velero/"+name), h.level, h.registry),
		logger:  logger,
		counts:  counts,
	}
	return nil
}

func (h *harness) session(name string) (*session, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s, ok := h.sessions[name]
	if !ok {
		return nil, fmt.Errorf("no session %q", name)
	}
	return s, nil
}

func (h *harness) close(name string) (any, error) {
	s, err := h.session(name)
	if err != nil {
		return nil, err
	}
	s.manager.CleanupClients()
	h.mu.Lock()
	delete(h.sessions, name)
	h.mu.Unlock()
	return map[string]int{
		"warnings": s.counts.GetCount(logrus.WarnLevel),
		"errors":   s.counts.GetCount(logrus.ErrorLevel),
	}, nil
}

// logger is Velero's, with its hooks, writing to our stdout.
func (h *harness) logger(session string) *logrus.Logger {
	logger := logging.DefaultLogger(h.level, logging.FormatJSON)
	logger.SetOutput(logWriter{h: h, session: session})
	return logger
}

type logWriter struct {
	h       *harness
	session string
}

func (w logWriter) Write(line []byte) (int, error) {
	w.h.emit(logLine{Session: w.session, Log: json.RawMessage(strings.TrimSpace(string(line)))})
	return len(line), nil
}

func stackOf(err error) any {
	type framed interface {
		File() string
		Line() int32
	}
	type named interface{ Function() string }
	stack := map[string]string{}
	if f, ok := err.(framed); ok {
		stack["file"] = fmt.Sprintf("%s:%d", f.File(), f.Line())
	}
	if f, ok := err.(named); ok {
		stack["function"] = f.Function()
	}
	if len(stack) == 0 {
		return nil
	}
	return stack
}

// children are the ids of the running child processes.
func children() []int {
	pids := []int{}
	files, _ := filepath.Glob("/proc/self/task/*/children")
	for _, file := range files {
		text, _ := os.ReadFile(file)
		for _, field := range strings.Fields(string(text)) {
			if pid, err := strconv.Atoi(field); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

func flagValue(name, byDefault string) string {
	for _, arg := range os.Args {
		if value, ok := strings.CutPrefix(arg, "--"+name+"="); ok {
			return value
		}
	}
	return byDefault
}
