package control

import (
	"context"
	"maps"
	"regexp"
	"strings"

	"perennial/journey"
)

// Drafts is where journeys are kept.
type Drafts interface {
	Draft(ctx context.Context, key string) (journey.Draft, error)
	EditDraft(ctx context.Context, key string, by journey.Actor, edit func(journey.Draft) (journey.Draft, error)) (journey.Draft, error)
	Publish(ctx context.Context, p journey.Publication) (v journey.Version, unchanged bool, err error)
	ArchiveJourney(ctx context.Context, key string, by journey.Actor) error
	Version(ctx context.Context, key string, number int) (journey.Version, error)
	Migration(ctx context.Context, key string) (*journey.Migration, error)
	RestoreJourney(ctx context.Context, key string, by journey.Actor) error
	SampleInFlight(ctx context.Context, key string, limit int) (ids []string, of int, err error)
	LastThrough(ctx context.Context, key, customer string) (*journey.State, map[string]journey.Coupon, error)
	Recall(ctx context.Context, enrollment string, def *journey.Definition) (*journey.Recalled, error)
	Audience(ctx context.Context, key string, def *journey.Definition) (journey.Audience, error)
	Inside(ctx context.Context, key string) ([]journey.VersionInFlight, error)
	Unknown(ctx context.Context, named journey.References) (journey.References, error)
}

// Edit asks for a new draft of a journey.
type Edit struct {
	Key     string
	Source  string            // YAML or JSON
	Files   map[string]string // nil: the templates stay as they are
	IfMatch string            // ETag that the draft must have; "": any. "*": it must exist
	IfNew   bool              // the journey must not exist yet
	Gathers bool              // typing: it goes into the revision that the same person has just begun
}

// JourneyFile is the name of a journey's own file, in faults and in its folder.
const JourneyFile = "journey.yaml"

var (
	journeyKey   = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,99}$`)
	templateFile = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,99}(\.[a-z]{2,3}(-[A-Za-z]{2,4})?)?\.(html|txt)$`)
)

// IsTemplate says whether a file of a journey can have that name: that of a message, with its language, or of the layout.
func IsTemplate(name string) bool { return templateFile.MatchString(name) }

// Largest sizes, in bytes: a journey is read by people.
const (
	maxSource = 256 << 10
	maxFile   = 512 << 10
	maxFiles  = 200
)

// SaveDraft stores a draft when it has no fault, and reports every fault at once otherwise. Where templates come along, the
// whole is checked; without them a template that is missing is only warned of, for it may come next.
func (c *Control) SaveDraft(ctx context.Context, by journey.Actor, e Edit) (journey.Draft, journey.Problems, error) {
	def, problems, err := c.checkEdit(e)
	if err != nil {
		return journey.Draft{}, nil, err
	}
	var warnings journey.Problems
	saved, err := c.Store.EditDraft(ctx, e.Key, by, func(was journey.Draft) (journey.Draft, error) {
		if err := matches(e, was); err != nil {
			return was, err
		}
		files := e.Files
		if files == nil {
			files = was.Files
		}
		found := append(append(journey.Problems{}, problems...), c.check(def, e.Source, files)...)
		if faults := found.Errors(); e.Files != nil && len(faults) > 0 {
			return was, faulty(e.Key, found)
		}
		warnings = found
		was.Name, was.Source, was.Files, was.Gathers = def.Name, e.Source, files, e.Gathers
		return was, nil
	})
	return saved, warnings, err
}

func (c *Control) checkEdit(e Edit) (*journey.Definition, journey.Problems, error) {
	if !journeyKey.MatchString(e.Key) {
		return nil, nil, invalid("key", "a journey's key is made of a-z, 0-9 and -", "e.g. win-back")
	}
	if len(e.Source) > maxSource || len(e.Files) > maxFiles {
		return nil, nil, journey.Faultf(journey.CodeTooLarge, "a journey is at most %d KiB and has at most %d templates", maxSource>>10, maxFiles)
	}
	for name, text := range e.Files {
		if err := checkFile(name, text); err != nil {
			return nil, nil, err
		}
	}
	def, problems := journey.Parse(JourneyFile, []byte(e.Source))
	if len(problems.Errors()) == 0 && def.Key != e.Key {
		problems = append(problems, journey.Problem{File: JourneyFile, Line: 1, Column: 1, Path: "journey",
			Message: "the file is of journey " + def.Key + ", the path of " + e.Key, Mend: "write journey: " + e.Key})
	}
	if len(problems.Errors()) > 0 {
		return nil, nil, faulty(e.Key, problems)
	}
	return def, append(problems, def.Outdated(JourneyFile, c.Clock.Now())...), nil
}

func checkFile(name, text string) error {
	switch {
	case !templateFile.MatchString(name):
		return invalid("files."+name, "a template is named after its message", "e.g. we-miss-you.html, we-miss-you.txt or we-miss-you.fr.html")
	case len(text) > maxFile:
		return journey.Faultf(journey.CodeTooLarge, "template %s is over %d KiB", name, maxFile>>10)
	case strings.ContainsRune(text, 0):
		return journey.Faultf(journey.CodeMalformed, "template %s holds NUL", name)
	}
	return nil
}

// matches holds an edit against the draft that is there (RFC 9110, If-Match and If-None-Match).
func matches(e Edit, was journey.Draft) error {
	exists := was.State != ""
	switch {
	case e.IfNew && exists:
		return journey.Faultf(journey.CodeStale, "journey %s exists already", e.Key)
	case e.IfMatch != "" && !exists, e.IfMatch != "" && e.IfMatch != "*" && e.IfMatch != was.ETag:
		return journey.Faultf(journey.CodeStale, "the draft has changed since it was read; read it and try again")
	}
	return nil
}

// SaveTemplate stores one template of a draft; a journey without a draft gets one from its live version. Faults of that file
// are reported all at once; those of others do not stand in its way.
func (c *Control) SaveTemplate(ctx context.Context, by journey.Actor, key, file, text, ifMatch string) (journey.Draft, journey.Problems, error) {
	return c.saveTemplate(ctx, by, key, file, text, func(was journey.Draft) error { return matches(Edit{Key: key, IfMatch: ifMatch}, was) })
}

// saveTemplate stores a template of a draft that holds.
func (c *Control) saveTemplate(ctx context.Context, by journey.Actor, key, file, text string, holds func(journey.Draft) error) (journey.Draft, journey.Problems, error) {
	if err := checkFile(file, text); err != nil {
		return journey.Draft{}, nil, err
	}
	var warnings journey.Problems
	saved, err := c.Store.EditDraft(ctx, key, by, func(was journey.Draft) (journey.Draft, error) {
		if was.State == "" {
			return was, journey.Faultf(journey.CodeNotFound, "there is no journey %q; PUT its file first", key)
		}
		if err := holds(was); err != nil {
			return was, err
		}
		was.Files = maps.Clone(was.Files)
		was.Files[file] = text
		def, problems := journey.Parse(JourneyFile, []byte(was.Source))
		if len(problems.Errors()) > 0 {
			return was, faulty(key, problems)
		}
		warnings = c.check(def, was.Source, was.Files)
		return was, c.ofFile(key, file, warnings)
	})
	return saved, warnings, err
}

func (c *Control) ofFile(key, file string, all journey.Problems) error {
	var own journey.Problems
	for _, p := range all {
		if p.File == file {
			own = append(own, p)
		}
	}
	if len(own.Errors()) > 0 {
		return faulty(key, own)
	}
	return nil
}

func faulty(key string, problems journey.Problems) error {
	return &journey.Fault{Code: journey.CodeInvalid, Message: "journey " + key + " has faults", Problems: problems}
}
