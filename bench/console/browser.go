package main

import (
	"context"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"perennial/bench/rig"
	"perennial/console"
)

// target is one page of the table, or one way of searching, with the addresses by which it is asked for in turn.
type target struct {
	name    string
	pattern *regexp.Regexp // of the addresses that lead there; nil where they are given
	at      []string
	part    string // htmx asks for this element alone; "" for the page
	form    string // that is posted; "" nothing is
	until   string // while this stands in the answer, it is asked again: what it says comes behind the page

	took   []time.Duration
	status map[int]int
	bytes  int
}

// browser is a signed-in one.
type browser struct {
	http    *http.Client
	url     string
	floor   *target
	targets []*target
}

// signIn follows the link of a new user.
func signIn(ctx context.Context, url, link string) (*browser, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	b := &browser{http: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, url: url}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSpace(link), strings.NewReader("password=four+quiet+herons+wade"))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := b.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusSeeOther {
		return nil, fmt.Errorf("signing in: %s", res.Status)
	}
	return b, nil
}

// most addresses of one page that take turns.
const most = 40

// explore takes the pages from the table of routes, and finds addresses for those with a name in them by following links: from the
// pages that have none to those that they lead to, and on.
func (b *browser) explore(ctx context.Context, n int) error {
	b.floor = &target{name: "floor: /readyz, a SELECT 1", at: []string{"/readyz"}}
	name := regexp.MustCompile(`\\\{[a-z]+\\\}`)
	for _, p := range console.Paths() {
		if p.Method != http.MethodGet || strings.HasPrefix(p.Path, "/sign-in") {
			continue
		}
		path := strings.TrimSuffix(p.Path, "{$}")
		t := &target{name: path}
		if strings.Contains(path, "{") {
			t.pattern = regexp.MustCompile("^" + name.ReplaceAllString(regexp.QuoteMeta(path), `[^/?]+`) + `$`)
		} else {
			t.at = []string{path}
		}
		b.targets = append(b.targets, t)
	}
	for i := range most { // whoever is not among the newest is not in anybody's memory
		b.offer(fmt.Sprintf("/customers/cus_%012d", 1+(i*7919*31)%n))
		b.offer(fmt.Sprintf("/messages/msg_%012d1", 1+(i*7919*30)%n/10*10))
	}
	for seen, found := map[string]bool{}, true; found; {
		found = false
		for _, t := range b.targets {
			if len(t.at) == 0 || seen[t.at[0]] {
				continue
			}
			seen[t.at[0]], found = true, true
			page, _, err := b.get(ctx, t.at[0], &target{})
			if err != nil {
				return err
			}
			for _, link := range regexp.MustCompile(`(?:href|src|hx-get)="(/[^"]*)"`).FindAllStringSubmatch(string(page), -1) {
				b.offer(html.UnescapeString(link[1]))
			}
		}
	}
	b.targets = append(append(b.targets, parts()...), searches(n)...)
	return nil
}

// parts come by themselves, or when they are asked for, after the page that they are on.
func parts() []*target {
	figures := &target{name: "the figures of a journey, behind its page", part: "figures", until: `role="status"`}
	for _, key := range journeys {
		figures.at = append(figures.at, "/journeys/"+key)
	}
	return []*target{figures, {name: "the count of a new segment, as one types", at: []string{"/segments/_new"}, part: "preview",
		form: url.Values{"n.kind": {"all"}, "n-0.kind": {"attribute"}, "n-0.name": {"tier"}, "n-0.op": {"eq"}, "n-0.arg": {"top"}}.Encode()}}
}

// offer adds an address to the page that it leads to, if that one can do with more.
func (b *browser) offer(address string) {
	u, err := url.Parse(address)
	if err != nil {
		return
	}
	for _, t := range b.targets {
		if t.pattern != nil && t.pattern.MatchString(u.Path) && len(t.at) < most && !slices.Contains(t.at, address) {
			exact := slices.ContainsFunc(b.targets, func(other *target) bool { return other.pattern == nil && other.name == u.Path })
			if !exact {
				t.at = append(t.at, address)
			}
			return
		}
	}
}

// searches are the ways in which people look for a customer, while they type.
func searches(n int) []*target {
	ways := []struct {
		name string
		q    func(i int) string
	}{
		{"the beginning of an address", func(i int) string { return fmt.Sprintf("person%d", i) }},
		{"a whole address", func(i int) string { return fmt.Sprintf("Person%d@example.com", i) }},
		{"the first letters of an address", func(int) string { return "pe" }},
		{"a name", func(i int) string { return fmt.Sprintf("ada name%d", i%9973) }},
		{"a last name", func(i int) string { return fmt.Sprintf("name%d", i%9973) }},
		{"our id", func(i int) string { return fmt.Sprintf("cus_%012d", i) }},
		{"the shop's id", func(i int) string { return fmt.Sprintf("u%d", i) }},
		{"an order's number", func(i int) string { return fmt.Sprintf("o2cus_%012d", i/10*10) }},
		{"nobody", func(i int) string { return fmt.Sprintf("nobody %d", i) }},
	}
	var out []*target
	for _, w := range ways {
		t := &target{name: "search: " + w.name, part: "results"}
		for i := range most {
			t.at = append(t.at, "/customers?q="+url.QueryEscape(w.q(1+(i*7919*97)%n)))
		}
		out = append(out, t)
	}
	return out
}

// get asks for one address as a target is asked for.
func (b *browser) get(ctx context.Context, at string, t *target) (page []byte, status int, err error) {
	method := http.MethodGet
	if t.form != "" {
		method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(ctx, method, b.url+at, strings.NewReader(t.form))
	if err != nil {
		return nil, 0, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if t.part != "" {
		r.Header.Set("HX-Request", "true")
		r.Header.Set("HX-Target", t.part)
	}
	res, err := b.http.Do(r)
	if err != nil {
		return nil, 0, err
	}
	defer res.Body.Close()
	page, err = io.ReadAll(res.Body)
	return page, res.StatusCode, err
}

// measure asks for each page in turn, round by round, and for the floor beside them.
func (b *browser) measure(ctx context.Context, rounds int) error {
	for round := range rounds {
		for _, t := range append([]*target{b.floor}, b.targets...) {
			if len(t.at) == 0 {
				continue
			}
			from := time.Now()
			page, status, err := b.get(ctx, t.at[round%len(t.at)], t)
			for err == nil && t.until != "" && strings.Contains(string(page), t.until) {
				page, status, err = b.get(ctx, t.at[round%len(t.at)], t)
			}
			if err != nil {
				return err
			}
			t.took = append(t.took, time.Since(from))
			if t.status == nil {
				t.status = map[int]int{}
			}
			t.status[status]++
			t.bytes = max(t.bytes, len(page))
		}
	}
	return nil
}

// print lists them, with the status where it was not always 200.
func (b *browser) print(out io.Writer) {
	ms := func(t *target, percent int) float64 { return rig.Milliseconds(rig.Percentile(t.took, percent)) }
	fmt.Fprintf(out, "%8s %8s %8s %7s  %s\n", "p50 ms", "p95 ms", "most ms", "KB", "what")
	for _, t := range append([]*target{b.floor}, b.targets...) {
		if len(t.took) == 0 {
			fmt.Fprintf(out, "%8s %8s %8s %7s  %s: no link leads there\n", "", "", "", "", t.name)
			continue
		}
		odd := ""
		if t.status[http.StatusOK] != len(t.took) {
			odd = fmt.Sprintf(" (status %v)", t.status)
		}
		fmt.Fprintf(out, "%8.1f %8.1f %8.1f %7.1f  %s%s\n", ms(t, 50), ms(t, 95), ms(t, 100), float64(t.bytes)/1024, t.name, odd)
	}
}
