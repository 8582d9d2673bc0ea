//go:build protocol

package main

import "errors"

// takesSnapshot: of the older versions only the protocol is asked, which is all that the plugin meets of them.
func (h *harness) takesSnapshot(*request) (any, error) {
	return nil, errors.New("built for the protocol alone")
}
