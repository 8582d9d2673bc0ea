//go:build !protocol

package main

import (
	"context"
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vmware-tanzu/velero/pkg/plugin/utils/volumehelper"
)

// facts is the whole cluster, as far as Velero looks at it to judge one claim.
type facts struct {
	// client.Client is nil: a call that is not below would show as a panic.
	client.Client
	// Policies is the text in the ConfigMap that the backup names.
	Policies string                   `json:"policies"`
	Volume   *corev1.PersistentVolume `json:"volume"`
	Pods     []corev1.Pod             `json:"pods"`
}

// takesSnapshot tells whether Velero, by the policies and the settings of the backup, would take a snapshot of a claim.
func (h *harness) takesSnapshot(r *request) (any, error) {
	item, backup, err := itemOfBackup(r)
	if err != nil {
		return nil, err
	}
	var f facts
	if err := json.Unmarshal(r.Facts, &f); err != nil {
		return nil, err
	}
	claims := schema.GroupResource{Resource: "persistentvolumeclaims"}
	return volumehelper.ShouldPerformSnapshotWithBackup(item, claims, *backup, &f, h.logger("policies"))
}

func (f *facts) Get(_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	switch object := into.(type) {
	case *corev1.ConfigMap:
		object.Data = map[string]string{"policies": f.Policies}
		return nil
	case *corev1.PersistentVolume:
		if f.Volume == nil || f.Volume.Name != key.Name {
			return apierrors.NewNotFound(schema.GroupResource{Resource: "persistentvolumes"}, key.Name)
		}
		f.Volume.DeepCopyInto(object)
		return nil
	default:
		return fmt.Errorf("nobody should ask for a %T", into)
	}
}

func (f *facts) List(_ context.Context, into client.ObjectList, _ ...client.ListOption) error {
	pods, ok := into.(*corev1.PodList)
	if !ok {
		return fmt.Errorf("nobody should ask for a %T", into)
	}
	pods.Items = f.Pods
	return nil
}

var _ client.Client = &facts{}
