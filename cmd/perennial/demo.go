package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"perennial/journey"
	"perennial/templates"
)

func demoCommand(env map[string]string, std stdio) *cobra.Command {
	var o devOptions
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Plays a small shop on everything that `perennial dev` starts: a day passes in a second",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return develop(cmd.Context(), o, env, std, func(ctx context.Context, in installation) error {
				err := playShop(ctx, in, std, !o.Once)
				var wrong *wrongMail
				if errors.As(err, &wrong) && !o.Once {
					return nil // it was said; the inbox is there to look at
				}
				return err
			})
		},
	}
	o.register(cmd, ".perennial/demo", 86400)
	cmd.Flags().BoolVar(&o.Once, "once", false, "end when the play is over, with status 1 if a mail was missing or too many")
	return cmd
}

// wrongMail says that a play is over and that its mail is not what the stories call for.
type wrongMail struct{ stories, of int }

// Error is the text.
func (w *wrongMail) Error() string {
	return fmt.Sprintf("%d of %d stories have not got the mail that they call for", w.stories, w.of)
}

// playDays bounds a play: by then every story has come to its end, or something is wrong.
const playDays = 50

var errTooLong = errors.New("the play takes too long")

// settleDays is how long a play looks on after the last story, for mail that should not come.
const settleDays = 3

// playShop plays every story and prints what happens, then what came of it, and where to look at it if it stays up. A play that was cut off
// goes on where it stood.
func playShop(ctx context.Context, in installation, std stdio, stays bool) error {
	path := filepath.Join(in.Data, "play.json")
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		fmt.Fprintf(std.out, "\nA year of the shop's past comes in: %d customers and their orders.\n", pastCustomers)
		past := newShop(in, 0)
		if err := past.tellPast(ctx, &server{url: in.URL, key: in.Keys["admin"], http: past.ingest.http}, in.Clock.Now()); err != nil {
			return err
		}
	}
	notes, err := openNotebook(path, in.Clock.Now())
	if err != nil {
		return err
	}
	s := newShop(in, notes.Run)
	fmt.Fprintf(std.out, "\nWatch in the console: %s\n(a link that signs you in, once)\n", in.Console)
	fmt.Fprintf(std.out, "\nOak & Linen opens on %s. A day takes %s. Ctrl-C ends everything; what has happened is kept.\n\n",
		notes.Open.Format("Monday, 2 January 2006"), (24 * time.Hour / time.Duration(in.Clock.Speed())).Round(time.Millisecond))

	playing, stop := context.WithCancel(ctx)
	defer stop()
	looking, _ := errgroup.WithContext(playing)
	looking.Go(func() error { return s.watch(playing) })
	looking.Go(func() error { return s.printTimeline(playing, std.out, notes.Open) })

	people, err := s.playStories(playing, notes)
	stop()
	if err := errors.Join(err, looking.Wait()); err != nil || ctx.Err() != nil {
		return errors.Join(err, ctx.Err())
	}
	if err := notes.end(); err != nil {
		return err
	}
	if err := s.printSummary(ctx, std.out); err != nil {
		return err
	}
	faults := compare(people)
	printInbox(std.out, people, faults)
	if stays {
		printAddresses(std.out, in)
	}
	if len(faults) > 0 {
		return &wrongMail{len(faults), len(people)}
	}
	return nil
}

func newShop(in installation, run int) *shop {
	client := &http.Client{Timeout: 10 * time.Second}
	return &shop{
		ingest:  &server{url: in.URL, key: in.Keys["ingest"], http: client},
		support: &server{url: in.URL, key: in.Keys["support"], http: client},
		inbox:   in.Engine.InboxURL, clock: in.Clock, run: run,
		mails: map[string][]letter{}, came: make(chan struct{}),
	}
}

// playStories lives every story to its end, waits for the mail that they call for, and then a few days more.
func (s *shop) playStories(ctx context.Context, notes *notebook) ([]*shopper, error) {
	var people []*shopper
	for _, st := range cast() {
		people = append(people, s.shopper(st))
	}
	bounded, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go func() {
		if people[0].until(bounded, notes.Open.Add(playDays*24*time.Hour)) == nil {
			stop(errTooLong)
		}
	}()
	stories, storyCtx := errgroup.WithContext(bounded)
	for _, p := range people {
		stories.Go(func() error { return p.live(storyCtx, notes) })
	}
	err := stories.Wait()
	if errors.Is(context.Cause(bounded), errTooLong) {
		return people, nil // the comparison says who waited for what
	}
	if err != nil {
		return people, err
	}
	for bounded.Err() == nil && slices.ContainsFunc(people, func(p *shopper) bool { return len(p.missing()) > 0 }) {
		_ = people[0].until(bounded, s.clock.Now().Add(6*time.Hour))
	}
	return people, people[0].until(ctx, s.clock.Now().Add(settleDays*24*time.Hour))
}

// missing are the messages that her story calls for and that have not come.
func (p *shopper) missing() []string {
	got := p.received()
	var out []string
	for _, want := range p.Mail {
		if !slices.ContainsFunc(strings.Split(want, "|"), func(t string) bool { return got[t] > 0 }) {
			out = append(out, want)
		}
	}
	return out
}

// compare says, for each story that went wrong, what.
func compare(people []*shopper) map[*shopper]string {
	faults := map[*shopper]string{}
	for _, p := range people {
		var wrong []string
		for _, m := range p.missing() {
			wrong = append(wrong, "no "+m)
		}
		got := p.received()
		for _, template := range slices.Sorted(maps.Keys(got)) {
			called := slices.ContainsFunc(p.Mail, func(want string) bool { return slices.Contains(strings.Split(want, "|"), template) })
			switch {
			case !called:
				wrong = append(wrong, template+" although her story does not call for it")
			case got[template] > 1:
				wrong = append(wrong, fmt.Sprintf("%s %d times", template, got[template]))
			}
		}
		if len(wrong) > 0 {
			faults[p] = strings.Join(wrong, ", ")
		}
	}
	return faults
}

// printTimeline prints what happens to everybody, as it happens, until ctx ends. Several happen in the same moment on several
// connections; those that are read together are put in order.
func (s *shop) printTimeline(ctx context.Context, out io.Writer, open time.Time) error {
	cursor := ""
	for ctx.Err() == nil {
		var page journey.Page[journey.TimelineEntry]
		err := s.support.call(ctx, http.MethodGet, "/api/timeline?limit=200&after="+url.QueryEscape(cursor), nil, &page)
		if err == nil {
			slices.SortStableFunc(page.Data, func(a, b journey.TimelineEntry) int { return a.At.Compare(b.At) })
			for _, e := range page.Data {
				if worthALine(e) && !e.At.Before(open) {
					fmt.Fprintln(out, line(e, open))
				}
			}
			if page.Next != nil {
				cursor = *page.Next
			}
		}
		if err == nil && len(page.Data) == 200 {
			continue // there is more
		}
		select {
		case <-ctx.Done():
		case <-time.After(300 * time.Millisecond):
		}
	}
	return nil
}

// worthALine leaves out what another line says better: a message is queued before it is sent, stands before its window, and a
// profile is read on the customer's page.
func worthALine(e journey.TimelineEntry) bool {
	profile := e.Kind == journey.KindEvent && e.What == ""
	return e.What != journey.LogSend && e.What != journey.LogWindow && !profile
}

// lineWidth keeps a line of the timeline on one line of most terminals.
const lineWidth = 150

// line is one line of the timeline: the shop's day and hour, who, where, what.
func line(e journey.TimelineEntry, open time.Time) string {
	day := int(e.At.Sub(open)/(24*time.Hour)) + 1
	where := e.Journey
	if e.Step != "" {
		where += " · " + e.Step
	}
	mark := map[string]string{journey.KindEvent: "→", journey.KindMessage: "✉"}[e.Kind]
	text := []rune(fmt.Sprintf("day %2d %s  %-13s %1s %-36s  %s", day, e.At.Format("Mon 15:04"), e.Who, mark, where, e.Text))
	if len(text) > lineWidth {
		text = append(text[:lineWidth-1], '…')
	}
	return string(text)
}

// printSummary prints the report of each journey.
func (s *shop) printSummary(ctx context.Context, out io.Writer) error {
	fmt.Fprintf(out, "\n%-14s %8s %7s %9s %6s %6s\n", "journey", "entered", "inside", "ended", "sent", "goal")
	for _, key := range templates.Sequences() {
		var r journey.Report
		if err := s.support.call(ctx, http.MethodGet, "/api/journeys/"+key+"/report", nil, &r); err != nil {
			return err
		}
		sent, ended := 0, 0
		for _, m := range r.Messages {
			sent += m.Sent
		}
		for _, n := range r.Exits {
			ended += n
		}
		fmt.Fprintf(out, "%-14s %8d %7d %9d %6d %6d\n", key, r.Entered, r.Active, r.Finished+ended, sent, r.Goal.Reached)
	}
	return nil
}

func printInbox(out io.Writer, people []*shopper, faults map[*shopper]string) {
	total := 0
	for _, p := range people {
		for _, n := range p.received() {
			total += n
		}
	}
	fmt.Fprintf(out, "\nThe %d people of the stories got %d mails. ", len(people), total)
	if len(faults) == 0 {
		fmt.Fprintln(out, "Every message that their stories call for came once, and none that they don't.")
		return
	}
	fmt.Fprintln(out, "What is not as it should be:")
	for _, p := range people {
		if faults[p] != "" {
			fmt.Fprintf(out, "  %s (%s): %s\n", p.Name, p.About, faults[p])
		}
	}
}

func printAddresses(out io.Writer, in installation) {
	fmt.Fprintf(out, "\n  Console, signs you in once    %s\n  API, with a page to read it   %s/docs\n  Inbox                         %s\n  Temporal                      %s\n"+
		"  Keys                          %s\n\nCtrl-C ends it.\n",
		in.Console, in.URL, in.Engine.InboxURL, in.Engine.TemporalUIURL, filepath.Join(in.Data, "keys.json"))
}
