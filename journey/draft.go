package journey

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"time"
)

// JourneyInfo is a journey as it stands in a list.
type JourneyInfo struct {
	Key         string    `json:"key"`
	ID          string    `json:"id"` // jrn_…
	Name        string    `json:"name"`
	State       string    `json:"state"`                  // draft, live or archived
	LiveVersion int       `json:"live_version,omitempty"` // 0: never published
	HasDraft    bool      `json:"has_draft"`
	Paused      bool      `json:"paused"`
	Active      int       `json:"active"` // customers in it now
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
}

// Draft is what can be edited of a journey: its file and its templates. Where there is no draft, it is the live version.
type Draft struct {
	Key         string
	Name        string
	State       string // of the journey: draft, live or archived
	LiveVersion int
	Source      string            // YAML or JSON, as it was sent
	Files       map[string]string // name → text
	ETag        string            // changes with source and files
	IsDraft     bool              // false: this is the live version
	Revision    int               // which of its revisions the draft is, from 1; 0: there is no draft
	Newest      int               // of its revisions: greater than Revision after an undo
	Gathers     bool              // of a change: it goes into the revision that the same person has just begun
}

// Before is the revision that an undo leads to; 0: there is none.
func (d Draft) Before() int { return max(0, d.Revision-1) }

// After is the one that a redo leads to, which was undone last; 0: there is none.
func (d Draft) After() int {
	if d.Revision < d.Newest {
		return d.Revision + 1
	}
	return 0
}

// Revision is what a draft was after one change, and who made it.
type Revision struct {
	Number  int       `json:"number"`
	At      time.Time `json:"at"`
	By      string    `json:"by"` // her name
	ETag    string    `json:"etag"`
	Source  string    `json:"-"`
	Current bool      `json:"current"` // this is the draft
}

// Desk is text that is not in a journey's draft: the journey's own, or that of a message, because it has faults, somebody else was faster,
// or nobody has saved it yet. It is kept for whoever typed it, until it comes into the draft or she drops it.
type Desk struct {
	Source   string
	BaseETag string // of the draft, or control.Mark of the message, that it began from
	At       time.Time
}

// Version is one published version; it never changes.
type Version struct {
	ID          string            `json:"id"` // ver_…
	Key         string            `json:"journey"`
	Number      int               `json:"version"`
	Hash        string            `json:"hash"`
	PublishedAt time.Time         `json:"published_at"`
	PublishedBy string            `json:"published_by"`
	Active      int               `json:"active"` // customers in it now
	Source      string            `json:"-"`
	Files       map[string]string `json:"-"`
}

// Publication is a draft that was found without fault, on its way to becoming a version.
type Publication struct {
	Key      string
	Name     string
	ETag     string // of the draft that was looked at; another one by now is CodeStale
	Declares Declarations
	By       Actor

	InFlight InFlight          // what becomes of who is in the journey; "" is InFlightKeep
	Map      map[string]string // with InFlightMigrate: step → step, where ids differ
	Waits    Waits             // with InFlightMigrate
}

// Names of the states of a journey.
const (
	JourneyDraft    = "draft"
	JourneyLive     = "live"
	JourneyArchived = "archived"
)

// ContentHash is the SHA-256, in hex, of a journey's source and files: the identity of a version, and of a draft.
func ContentHash(source string, files map[string]string) string {
	h := sha256.New()
	add := func(s string) { h.Write(fmt.Appendf(nil, "%d\n%s\n", len(s), s)) }
	add(source)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		add(name)
		add(files[name])
	}
	return hex.EncodeToString(h.Sum(nil))
}
