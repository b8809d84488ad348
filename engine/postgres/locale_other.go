//go:build !darwin

package postgres

// locale sorts by code point, the same on every machine: an operating system upgrade cannot corrupt an index.
const locale = "C.UTF-8"
