package main

import (
	"context"
	"errors"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/clientcmd"
)

const group = "oadp.openshift.io"

var (
	applications = schema.GroupVersionResource{Group: group, Version: "v1alpha1", Resource: "dataprotectionapplications"}
	classes      = schema.GroupVersionResource{Group: group, Version: "v1alpha1", Resource: "datamoverclasses"}
	requests     = schema.GroupVersionResource{Group: group, Version: "v1alpha1", Resource: "datamoverbackups"}
	configMaps   = schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
	claims       = schema.GroupVersionResource{Version: "v1", Resource: "persistentvolumeclaims"}
	pods         = schema.GroupVersionResource{Version: "v1", Resource: "pods"}
)

// freshFor is how long our plugin keeps the switch and the classes.
const freshFor = 10 * time.Second

// cluster reads what a decision looks at, and connects on first use.
type cluster struct {
	mu      sync.Mutex
	client  dynamic.Interface
	enabled bool
	readAt  time.Time
}

func (c *cluster) connect() (dynamic.Interface, error) {
	if c.client != nil {
		return c.client, nil
	}
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, nil).ClientConfig()
	if err != nil {
		return nil, err
	}
	// Without client-go's own limit of five calls a second, which would be all that the benchmark shows.
	config.QPS = -1
	c.client, err = dynamic.NewForConfig(config)
	return c.client, err
}

// isOn says whether data is moved, after reading all that decides about a claim of the namespace.
func (c *cluster) isOn(protected, namespace string) (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.readAt) < freshFor {
		return c.enabled, nil
	}
	client, err := c.connect()
	if err != nil {
		return false, err
	}
	ctx := context.Background()
	_, err = client.Resource(applications).Namespace(protected).List(ctx, metav1.ListOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return false, err
	}
	selector := metav1.ListOptions{LabelSelector: "velero.io/plugin-config"}
	found, err := client.Resource(configMaps).Namespace(protected).List(ctx, selector)
	if err != nil {
		return false, err
	}
	if len(found.Items) != 1 {
		return false, errors.New("no configuration")
	}
	value, _, err := unstructured.NestedString(found.Items[0].Object, "data", "enable")
	if err != nil {
		return false, err
	}
	if _, err = client.Resource(classes).List(ctx, metav1.ListOptions{}); err != nil {
		return false, err
	}
	for _, resource := range []schema.GroupVersionResource{claims, pods} {
		if _, err = client.Resource(resource).Namespace(namespace).List(ctx, metav1.ListOptions{}); err != nil {
			return false, err
		}
	}
	c.enabled = value == "true"
	c.readAt = time.Now()
	return c.enabled, nil
}

func (c *cluster) request(namespace, name string) (*unstructured.Unstructured, error) {
	c.mu.Lock()
	client, err := c.connect()
	c.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return client.Resource(requests).Namespace(namespace).Get(context.Background(), name, metav1.GetOptions{})
}
