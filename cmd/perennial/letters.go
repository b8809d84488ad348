package main

import (
	"sync"

	"perennial/activities"
	"perennial/journey"
	"perennial/templates"
)

// compileTemplates turns a published version into its letters, for delivery.
func compileTemplates(brand journey.Brand) func(journey.Version) (activities.Templates, error) {
	return func(v journey.Version) (activities.Templates, error) { return templates.CompileVersion(v, brand) }
}

// renderOnce tries a message out, with links that lead nowhere. It keeps the letters of the versions that it was asked for last.
func renderOnce(brand journey.Brand) func(journey.Version, journey.Claimed) (journey.Rendered, error) {
	const most = 50
	var mu sync.Mutex
	kept := map[string]*templates.Letters{}
	letters := func(v journey.Version) (*templates.Letters, error) {
		mu.Lock()
		defer mu.Unlock()
		if set := kept[v.Hash]; set != nil {
			return set, nil
		}
		set, err := templates.CompileVersion(v, brand)
		if err != nil {
			return nil, err
		}
		if len(kept) >= most {
			clear(kept)
		}
		kept[v.Hash] = set
		return set, nil
	}
	nowhere := brand.PublicURL + "/"
	return func(v journey.Version, c journey.Claimed) (journey.Rendered, error) {
		set, err := letters(v)
		if err != nil {
			return journey.Rendered{}, err
		}
		return set.Render(c, journey.Links{Preferences: nowhere, View: nowhere, Back: nowhere, Confirm: nowhere, Click: func(url string) string { return url }})
	}
}
