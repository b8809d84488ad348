package journey

import "time"

// Import is one file of customers on its way in. Its lines are checked and staged while it is uploaded, and applied afterwards, behind
// what waits in the inbox, as identify events that trigger nothing.
type Import struct {
	ID         string         `json:"id"` // imp_…
	Name       string         `json:"name"`
	State      string         `json:"state"`
	Columns    []ImportColumn `json:"columns"`
	Source     string         `json:"source,omitempty"`  // where the consents in the file were given
	Wording    string         `json:"wording,omitempty"` // to what words
	DryRun     bool           `json:"dry_run"`
	Lines      int64          `json:"lines"`      // read so far, the header aside
	Refused    int64          `json:"refused"`    // of them
	Known      int64          `json:"known"`      // lines of customers that there were when the line was read
	Suppressed int64          `json:"suppressed"` // lines whose address takes no mail, and will not after the import either
	Applied    int64          `json:"applied"`
	CreatedAt  time.Time      `json:"created_at"`
	EndedAt    *time.Time     `json:"ended_at,omitempty"`
	StagedTo   int64          `json:"-"` // number of the last line of the file that was read
}

// ImportUpload is a file of customers as it comes in, and what the caller says of it.
type ImportUpload struct {
	Key     string   // tells the same file, sent again after it broke off, from another one
	Name    string   // of the file
	Map     []string // what becomes of columns, TO=HEADER each; the rest is guessed by name
	Source  string   // of the consents in it, e.g. "newsletter form"; required where a column is a topic
	Wording string   // what was agreed to; required likewise
	DryRun  bool     // says what would become of it, and does nothing
}

// States of an import.
const (
	ImportUploading = "uploading" // an upload that broke off goes on when the same file is sent again
	ImportChecked   = "checked"   // a dry run: everything is known, nothing was done
	ImportApplying  = "applying"
	ImportDone      = "done"
	ImportStopped   = "stopped"
)

// ImportColumn says what becomes of a column of the file.
type ImportColumn struct {
	Header string `json:"header"`
	To     string `json:"to"`             // email, user_id, first_name …; topic: and a key; attributes; any other: an attribute; "": nothing
	Kind   string `json:"kind,omitempty"` // of an attribute: text, number or yes_no
}

// Kinds of the values of a column.
const (
	ImportText   = "text"
	ImportNumber = "number"
	ImportYesNo  = "yes_no"
)

// ImportLine is one line that was read: what it says, or why it was refused.
type ImportLine struct {
	Line    int64          // of the file, from 1
	Address string         // in lower case; also of a refused line, so that erasing her finds it
	UserID  string         // the caller's own id
	Traits  map[string]any // of identify
	Fields  []string       // of a refused line, as they stood
	Reason  string         // why it was refused; "" when it was not
}

// ContextImport is the key of an event's context that holds the id of the import that made it.
const ContextImport = "import"

// Imported says whether the event is a line of an import.
func (e Event) Imported() bool {
	id, _ := e.Context[ContextImport].(string)
	return id != ""
}

// CustomerFilter chooses the customers of an export.
type CustomerFilter struct {
	Topic      string   // those who agreed to it
	Segment    string   // its members
	Account    string   // the caller's own id of an account
	Attributes []string // columns of their own instead of one with all
}

// CustomerRow is one customer of an export.
type CustomerRow struct {
	ID, UserID, Email, FirstName, LastName, Locale, Timezone, Account string
	CreatedAt                                                         time.Time
	Attributes                                                        map[string]any
	Consents                                                          map[string]string // state by topic
}
