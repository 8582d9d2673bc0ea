// Command plugin is what our plugin is measured against: the same decisions, built on Velero's own framework. It knows
// as much of our actions as the benchmark asks for.
package main

import (
	"github.com/sirupsen/logrus"
	"github.com/spf13/pflag"

	"github.com/vmware-tanzu/velero/pkg/plugin/framework"
)

func main() {
	framework.NewServer().
		BindFlags(pflag.CommandLine).
		RegisterBackupItemActionV2("oadp.openshift.io/data-mover-backup", newBackupAction).
		RegisterRestoreItemActionV2("oadp.openshift.io/data-mover-restore", newRestoreAction).
		Serve()
}

func newBackupAction(log logrus.FieldLogger) (any, error) {
	return &backupAction{log: log, cluster: &cluster{}}, nil
}

func newRestoreAction(log logrus.FieldLogger) (any, error) {
	return &restoreAction{log: log}, nil
}
