package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
)

// ready is what a caller needs to know to connect: printed on one line after "ready ", and kept in DIR/engine.json.
// Parts that were not started are left out.
type ready struct {
	DatabaseURL       string `json:"database_url,omitempty"`
	TemporalAddress   string `json:"temporal_address,omitempty"`
	TemporalNamespace string `json:"temporal_namespace,omitempty"`
	TemporalUIURL     string `json:"temporal_ui_url,omitempty"`
	SMTPURL           string `json:"smtp_url,omitempty"`
	InboxURL          string `json:"inbox_url,omitempty"`
	PID               int    `json:"pid"`
}

// line is the one line on standard output.
func (r ready) line() string {
	text, err := json.Marshal(r)
	if err != nil {
		panic(err) // strings and a number always marshal
	}
	return "ready " + string(text)
}

// save replaces the file whole, and readable by its owner alone: the URL holds a password.
func (r ready) save(dir string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(dir, readyName)
	if err := os.WriteFile(path+".new", append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("writing %s: %w", readyName, err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("writing %s: %w", readyName, err)
	}
	return nil
}

const readyName = "engine.json"

// hostPort is how this machine reaches a port, also when it is open on every interface.
func hostPort(host string, port int) string {
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, strconv.Itoa(port))
}
