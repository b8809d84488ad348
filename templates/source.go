// Package templates holds the journeys that ship with the product, one folder each with its messages beside it, and turns
// messages into mail: subject, preheader, HTML and text. Everything that a marketer writes here is checked when it is compiled
// (at publish), so that what can be wrong later is the data only.
package templates

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"perennial/journey"
)

//go:embed layout.html layout.txt onboarding post-purchase win-back graceful-exit
//go:embed abandoned-cart account-news anniversary birthday cross-sell loyalty price-change referral replenishment
//go:embed double-opt-in review-request service-recovery thank-you vip-preview
var embedded embed.FS

// JourneyFile is the name of the journey itself in its folder.
const JourneyFile = "journey.yaml"

// Files are the files of one journey's folder, name → content: journey.yaml, NAME.html, NAME.txt, NAME.LOCALE.html, and
// layout.html or layout.txt where the journey brings its own.
type Files map[string]string

// Embedded are the journeys and the layout that ship with the product.
func Embedded() fs.FS { return embedded }

// Names are the keys of the journeys that ship with the product: the four sequences first, then the rest of the library.
func Names() []string {
	return append(Sequences(), "abandoned-cart", "account-news", "anniversary", "birthday", "cross-sell", "double-opt-in", "loyalty", "price-change", "referral",
		"replenishment", "review-request", "service-recovery", "thank-you", "vip-preview")
}

// Sequences are the journeys that every company has use for, which the demo plays.
func Sequences() []string {
	return []string{"onboarding", "post-purchase", "win-back", "graceful-exit"}
}

// Load reads one journey's folder: its journey.yaml and the templates beside it; scenarios and README are left out.
func Load(fsys fs.FS, name string) (Files, error) {
	entries, err := fs.ReadDir(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, journey.Faultf(journey.CodeNotFound, "loading journey %q: there is no such folder", name)
	}
	if err != nil {
		return nil, fmt.Errorf("loading journey %q: %w", name, err)
	}
	files := Files{}
	for _, e := range entries {
		if e.IsDir() || e.Name() != JourneyFile && !slices.Contains([]string{".html", ".txt"}, path.Ext(e.Name())) {
			continue
		}
		content, err := fs.ReadFile(fsys, path.Join(name, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("loading journey %q: %w", name, err)
		}
		files[e.Name()] = string(content)
	}
	if _, has := files[JourneyFile]; !has {
		return nil, journey.Faultf(journey.CodeNotFound, "loading journey %q: there is no %s", name, JourneyFile)
	}
	return files, nil
}

// LoadDir is Load for a folder anywhere on disk.
func LoadDir(dir string) (Files, error) {
	dir = filepath.Clean(dir)
	return Load(os.DirFS(filepath.Dir(dir)), filepath.Base(dir))
}

// fileName is what the name of a template says: we-miss-you.fr.html is message we-miss-you, locale fr, extension html.
type fileName struct{ message, locale, ext string }

var templateName = regexp.MustCompile(`^([a-z0-9][a-z0-9-]*)(?:\.([a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*))?\.(html|txt)$`)

func parseFileName(name string) (fileName, bool) {
	parts := templateName.FindStringSubmatch(name)
	if parts == nil {
		return fileName{}, false
	}
	return fileName{message: parts[1], locale: strings.ToLower(parts[2]), ext: parts[3]}, true
}
