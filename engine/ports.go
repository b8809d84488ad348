package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
)

// port is one that this engine wants to listen on.
type port struct {
	flag, purpose, host string
	number              *int // 0 before claiming: any free one
	hold                bool // the listener is ours to use; the others are for servers that listen themselves
	listener            net.Listener
}

func (o *options) ports() []*port {
	var all []*port
	if o.has(partTemporal) {
		all = append(all,
			&port{flag: "--temporal-port", purpose: "Temporal", host: o.host, number: &o.temporalPort},
			&port{flag: "--temporal-ui-port", purpose: "Temporal's web page", host: o.host, number: &o.temporalUIPort})
	}
	if o.has(partInbox) {
		all = append(all,
			&port{flag: "--smtp-port", purpose: "the inbox's SMTP", host: o.host, number: &o.smtpPort, hold: true},
			&port{flag: "--inbox-port", purpose: "the inbox's page and API", host: o.host, number: &o.inboxPort, hold: true})
	}
	if o.has(partPostgres) && o.databaseURL == "" && o.postgresPort != 0 {
		all = append(all, &port{flag: "--postgres-port", purpose: "Postgres", host: "127.0.0.1", number: &o.postgresPort})
	}
	return all
}

// claim takes every port or names each that it cannot have. All are held until the last is known, so that two zeros
// never get the same one.
func claim(ports []*port) error {
	var faults []string
	for _, p := range ports {
		l, err := net.Listen("tcp", net.JoinHostPort(p.host, strconv.Itoa(*p.number)))
		if err != nil {
			faults = append(faults, fmt.Sprintf("port %d (%s) %s: choose another with %s", *p.number, p.purpose,
				whyNot(err), p.flag))
			continue
		}
		p.listener = l
		*p.number = l.Addr().(*net.TCPAddr).Port
	}
	for _, p := range ports {
		if p.listener != nil && (!p.hold || len(faults) > 0) {
			_ = p.listener.Close()
		}
	}
	if len(faults) > 0 {
		return errors.New("claiming ports:\n  " + strings.Join(faults, "\n  "))
	}
	return nil
}

func whyNot(err error) string {
	if errors.Is(err, os.ErrPermission) {
		return "needs root"
	}
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	if strings.Contains(err.Error(), "address already in use") {
		return "is in use"
	}
	return "cannot be used (" + err.Error() + ")"
}

func held(ports []*port, flag string) net.Listener {
	for _, p := range ports {
		if p.flag == flag {
			return p.listener
		}
	}
	return nil
}
