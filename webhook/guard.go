package webhook

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
)

// ErrBlocked is why a connection is not made: nobody outside has that address.
var ErrBlocked = errors.New("the address is not a public one")

// Guard says to which addresses connections may be made. It is asked about the address that a name has resolved to, when the
// connection is made: so what a name resolves to the next time, and where a redirect leads, makes no difference.
type Guard struct {
	Allow []netip.Prefix // private addresses that may be called all the same, plain http included
}

// ParseAllow reads networks such as 10.1.0.0/16, with commas between them.
func ParseAllow(text string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		prefix, err := netip.ParsePrefix(part)
		if err != nil {
			return nil, fmt.Errorf("%q is not a network such as 10.1.0.0/16", part)
		}
		out = append(out, prefix.Masked())
	}
	return out, nil
}

// control is net.Dialer's: it sees the address after it was resolved and before anything is sent to it.
func (g Guard) control(plain bool) func(network, address string, _ syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return ErrBlocked
		}
		ip, err := netip.ParseAddr(host)
		if err != nil || !g.passes(ip, plain) {
			return ErrBlocked
		}
		return nil
	}
}

// passes says whether the address may be called; over plain http only those that the operator allows.
func (g Guard) passes(ip netip.Addr, plain bool) bool {
	ip = ip.WithZone("").Unmap()
	return g.inside(ip) || !plain && public(ip)
}

// inside says whether the address is in a network that the operator allows.
func (g Guard) inside(ip netip.Addr) bool {
	ip = ip.WithZone("").Unmap()
	for _, prefix := range g.Allow {
		if prefix.Contains(ip) {
			return true
		}
	}
	return false
}

// public says whether an address is one of the open net: not ours, not a neighbour's, not one that wraps another.
func public(ip netip.Addr) bool {
	if ip.Is6() && !global6.Contains(ip) {
		return false
	}
	for _, prefix := range special {
		if prefix.Contains(ip) {
			return false
		}
	}
	return ip.IsValid()
}

// global6 is all that is global unicast of IPv6; the loopback, mapped, NAT64, unique local and link-local addresses lie outside.
var global6 = netip.MustParsePrefix("2000::/3")

// special are the networks of the IANA special-purpose registries that lead to nobody outside (RFC 6890 and those after it).
var special = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
	"192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24",
	"203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", // Teredo and its kin, examples, 6to4, examples
)

func prefixes(texts ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		out[i] = netip.MustParsePrefix(text)
	}
	return out
}
