package journey

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var updateGolden = flag.Bool("update", false, "write the golden files anew")

// The texts that a marketer reads are golden files: a change of wording is a change that someone looks at.
func TestParseSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/bad/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			src, err := os.ReadFile(file)
			require.NoError(t, err)
			d, problems := Parse(filepath.Base(file), src)
			if len(problems.Errors()) > 0 {
				assert.Nil(t, d)
			}
			golden(t, strings.TrimSuffix(file, ".yaml")+".golden", []byte(problems.Error()+"\n"))
			for _, p := range problems {
				assert.Positive(t, p.Line, p.Message)
				assert.Positive(t, p.Column, p.Message)
				assert.NotEmpty(t, p.Mend, p.Message)
			}
		})
	}
}

func TestParseReadsTheExample(t *testing.T) {
	t.Parallel()
	d := parsedFile(t, "testdata/win-back.yaml")
	assert.Equal(t, "win-back", d.Key)
	assert.Equal(t, "Win back inactive customers", d.Name)
	assert.Equal(t, "offers", d.Topic)
	assert.Equal(t, &Inactive{Event: "Order Completed", For: 60 * Day}, d.Enter.Inactive)
	assert.Equal(t, &Cond{Operand: &Value{From: FromAttribute, Path: "orders_count"}, Op: OpGte, Arg: int64(1)}, d.Enter.If)
	assert.Equal(t, &Reentry{After: 180 * Day}, d.Reentry)
	assert.Equal(t, []ExitRule{{Event: "Order Completed", As: "won-back"}}, d.Exit)
	assert.Equal(t, &Goal{Event: "Order Completed", Within: 45 * Day, Value: "total"}, d.Goal)
	assert.Equal(t, 10, d.Holdout)
	assert.Equal(t, &Window{From: 9 * 60, To: 20 * 60, Days: []time.Weekday{1, 2, 3, 4, 5}}, d.SendWindow)

	var ids []string
	d.Walk(func(s *Step) { ids = append(ids, s.ID) })
	assert.Equal(t, []string{
		"we-miss-you", "wait-5d", "coupon-offer", "comeback-offer", "wait-for-offer-redeemed", "exit-redeemed", "last-call",
		"survey-nps", "task-call-her", "exit-silent",
	}, ids)
	assert.Equal(t, "survey-nps", d.Next("last-call"), "arms rejoin")
	assert.Equal(t, 18, d.Step("wait-for-offer-redeemed").Line)
	assert.Equal(t, &CouponStep{Pool: "comeback", Expires: 14 * Day, As: "offer", WhenEmpty: TroubleHold}, d.Step("coupon-offer").Coupon)
	assert.Equal(t, &TaskStep{Title: "Call her", Team: "support", Due: Day}, d.Step("task-call-her").Task)
	assert.Len(t, d.Hash, 64)
}

func TestParseTakesJSON(t *testing.T) {
	t.Parallel()
	fromJSON := parsed(t, `{"journey":"a","name":"A","topic":"t","enter":{"when":{"event":"Signed Up"}},"reentry":"never",
		"steps":[{"send":"hello"},{"wait":{"at":"09:30","day":"sat"}}]}`)
	fromYAML := parsed(t, "journey: a\nname: A\ntopic: t\nenter: { when: { event: Signed Up } }\nreentry: never\n"+
		"steps: [ { send: hello }, { wait: { at: 09:30, day: sat } } ]\n")
	assert.Equal(t, meaning(fromYAML), meaning(fromJSON))
}

func TestParseDerivesIDs(t *testing.T) {
	t.Parallel()
	d := parsed(t, minimal+`
steps:
  - send: hello
  - send: hello
  - { send: other, id: hello-2 }
  - send: { message: hello }
  - wait: 5d
  - wait: 5d
  - wait: { at: "09:30", day: sat }
  - wait: { at: "09:30" }
  - wait: { until: { trigger: starts_at }, if_missing: skip }
  - wait: { for: { attribute: days }, default: 3d }
  - wait_for: { any: [ { event: Order Completed, then: [ { exit: Bought it } ] } ], timeout: { after: 1d, then: [ { exit: no } ] } }
`)
	var ids []string
	d.Walk(func(s *Step) { ids = append(ids, s.ID) })
	assert.Equal(t, []string{
		"hello", "hello-3", "hello-2", "hello-4", "wait-5d", "wait-5d-2", "wait-sat-09-30", "wait-at-09-30",
		"wait-until-starts-at", "wait-for-days", "wait-for-order-completed", "exit-bought-it", "exit-no",
	}, ids)
}

func TestParseIsBounded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ src, want string }{
		"size":     {strings.Repeat("#", maxSource+1), "at most 1 MiB"},
		"depth":    {minimal + "steps: " + strings.Repeat("[", 60) + strings.Repeat("]", 60), "more than 50 deep"},
		"steps":    {minimal + "steps:\n" + strings.Repeat("  - send: a\n", maxSteps+1), "more than 1000 steps"},
		"brackets": {strings.Repeat("[", maxSource), "not YAML"},
		"indents":  {strings.Repeat("- ", maxSource/2), ""},
		"laughs":   {"a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "anchors"},
		"typos":    {"{" + strings.Repeat("jorney: 1, ", 50_000) + "}", "more problems"},
		"names":    {manyNames(), "more problems"},
		"keys":     {manyKeys(), "more problems"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, problems := Parse("", []byte(c.src))
			assert.Nil(t, d)
			assert.NotEmpty(t, problems.Errors())
			assert.LessOrEqual(t, len(problems), maxProblems+1)
			assert.Contains(t, problems.Error(), c.want)
		})
	}
}

func manyKeys() string {
	var b strings.Builder
	for i := range 50_000 {
		fmt.Fprintf(&b, "jorney%d: 1\n", i)
	}
	return b.String()
}

// manyNames has hundreds of coupons and thousands of conditions on others.
func manyNames() string {
	var b strings.Builder
	b.WriteString(minimal + "steps:\n")
	for i := range 900 {
		fmt.Fprintf(&b, "  - coupon: { pool: p, as: %s-%d }\n", strings.Repeat("a", 40), i)
	}
	b.WriteString("  - branch: [ { then: [ { exit: a } ], if: { any: [")
	for i := range 9000 {
		fmt.Fprintf(&b, " { coupon: %s-%d, was: issued },", strings.Repeat("b", 40), i)
	}
	b.WriteString(" ] } } ]\n")
	return b.String()
}

func TestParseDuration(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"30m": 30 * time.Minute, "12h": 12 * time.Hour, "5d": 5 * Day, "2w": 2 * Week, "400d": MaxDuration, "9600h": MaxDuration,
	} {
		got, err := ParseDuration(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "5", "d", "0d", "-5d", "5 d", "5D", "1.5d", "401d", "58w", "1d12h", "99999999999999999999d", "+5d"} {
		_, err := ParseDuration(text)
		assert.Equal(t, CodeInvalid, CodeOf(err), text)
	}
}

const minimal = "journey: a\nname: A\ntopic: offers\nenter: { when: { event: Signed Up } }\nreentry: never\n"

func parsed(t *testing.T, src string) *Definition {
	t.Helper()
	d, problems := Parse("", []byte(src))
	require.Empty(t, problems, src)
	return d
}

func parsedFile(t *testing.T, file string) *Definition {
	t.Helper()
	src, err := os.ReadFile(file)
	require.NoError(t, err)
	return parsed(t, string(src))
}

// meaning is a definition without what depends on how it was written down.
func meaning(d *Definition) Definition {
	out := *d
	out.Hash, out.byID, out.next = "", nil, nil
	d.Walk(func(s *Step) { s.Line, s.HasID = 0, false })
	return out
}

func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	require.NoError(f, err)
	for _, file := range append(files, "testdata/win-back.yaml", "testdata/every-form.yaml") {
		src, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		d, problems := Parse("f.yaml", src)
		if (d == nil) != (len(problems.Errors()) > 0) {
			t.Fatalf("definition %v, problems %v", d, problems)
		}
		if d == nil {
			return
		}
		d.Needs()
		d.References()
		once, _ := Format(src)
		again, problems := Format(once)
		if string(once) != string(again) {
			t.Fatalf("formatting twice differs: %v\n%q\n%q", problems, once, again)
		}
		formatted, problems := Parse("f.yaml", once)
		if formatted == nil {
			t.Fatalf("the formatted source has faults: %v\n%q", problems, once)
		}
		if formatted.Hash != d.Hash || !assert.ObjectsAreEqual(meaning(d), meaning(formatted)) {
			t.Fatalf("formatting changed the meaning:\n%s\n%s", src, once)
		}
	})
}
