package journey

import (
	"slices"
	"strings"
)

// Settings are the switches of the installation, and the key that signs its public links.
type Settings struct {
	Sending   bool     // the kill switch: false stops every message before the dot
	Live      bool     // false: only the sandbox relay, and the addresses of AllowList
	AllowList []string // addresses in lower case, or "@domain"
	TokenKey  []byte   // 32 bytes; signs the public links
}

// Switch changes Settings; what is nil stays as it is.
type Switch struct {
	Sending   *bool
	Live      *bool
	AllowList *[]string
}

// Allows says whether the allow-list holds the address, or its domain.
func (s Settings) Allows(address string) bool {
	address = strings.ToLower(address)
	_, domain, _ := strings.Cut(address, "@")
	return slices.Contains(s.AllowList, address) || slices.Contains(s.AllowList, "@"+domain)
}
