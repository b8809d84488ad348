package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"go.temporal.io/sdk/client"

	"perennial/control"
	"perennial/journey"
	"perennial/store"
	"perennial/templates"
)

// itself is who acts when an installation sets itself up.
var itself = journey.Actor{ID: "command line", Name: "command line", Role: journey.RoleAdmin}

// openDevApp migrates the engine's database and puts the product together on the engine.
func openDevApp(ctx context.Context, c config, e engineAddress, env map[string]string, std stdio) (*app, error) {
	if err := store.Migrate(ctx, c.DatabaseURL, std.err); err != nil {
		return nil, err
	}
	return openApp(ctx, c, client.Options{HostPort: e.TemporalAddress, Namespace: e.TemporalNamespace}, c.logger(std))
}

// devKeys are the keys of an installation on this machine, one for each role. They are made once and kept in a file that only
// its owner can read.
func devKeys(ctx context.Context, path string, a *app) (map[string]string, error) {
	raw, err := os.ReadFile(path) //nolint:gosec // in our own state directory
	if err == nil {
		keys := map[string]string{}
		if err := json.Unmarshal(raw, &keys); err != nil {
			return nil, fmt.Errorf("reading %s: %w; delete it to have new keys made", path, err)
		}
		if _, err := a.control.Authenticate(ctx, keys["admin"]); err == nil || journey.CodeOf(err) != journey.CodeUnauthorized {
			return keys, err
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading the keys: %w", err)
	}
	keys := map[string]string{}
	for _, role := range journey.Roles() {
		if _, keys[string(role)], err = a.control.CreateKey(ctx, itself, "this machine", role); err != nil {
			return nil, fmt.Errorf("making the keys: %w", err)
		}
	}
	if raw, err = json.MarshalIndent(keys, "", "  "); err != nil {
		return nil, err
	}
	if err := os.WriteFile(path, append(raw, '\n'), 0o600); err != nil {
		return nil, fmt.Errorf("writing the keys: %w", err)
	}
	return keys, nil
}

// shipped are the journeys that ship, as control hands them out.
func shipped() control.Library {
	return control.Library{List: templates.Library, Begin: templates.Begin}
}

// publishLibrary publishes journeys that ship with the product, where the installation does not have them yet. One that a
// marketer has changed since stays hers.
func (a *app) publishLibrary(ctx context.Context, keys []string) error {
	there := map[string]bool{}
	journeys, err := a.store.Journeys(ctx)
	if err != nil {
		return err
	}
	for _, j := range journeys {
		there[j.Key] = true
	}
	for _, key := range keys {
		if there[key] {
			continue
		}
		files, err := templates.Load(templates.Embedded(), key)
		if err != nil {
			return err
		}
		source := files[templates.JourneyFile]
		delete(files, templates.JourneyFile)
		if _, _, err := a.control.SaveDraft(ctx, itself, control.Edit{Key: key, Source: source, Files: files}); err != nil {
			return fmt.Errorf("saving %s: %w", key, err)
		}
		if _, err := a.control.Publish(ctx, itself, control.PublishRequest{Key: key}); err != nil {
			return fmt.Errorf("publishing %s: %w", key, err)
		}
	}
	return nil
}
