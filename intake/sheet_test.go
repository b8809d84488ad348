package intake_test

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/intake"
	"perennial/journey"
)

func rowsOf(t *testing.T, text string) ([]string, []intake.Row) {
	t.Helper()
	sheet, err := intake.OpenSheet(strings.NewReader(text))
	require.NoError(t, err)
	var rows []intake.Row
	for {
		row, err := sheet.Next()
		if errors.Is(err, io.EOF) {
			return sheet.Header, rows
		}
		require.NoError(t, err)
		row.Fields = append([]string(nil), row.Fields...)
		rows = append(rows, row)
	}
}

func TestASheetReadsWhatSpreadsheetsWrite(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"comma":                "E-Mail,Vorname\nada@example.com,\"Ada, of Looms\"\n",
		"semicolon, mark, CR":  "\ufeffE-Mail;Vorname\r\nada@example.com;Ada, of Looms\r\n",
		"tab, no last newline": "E-Mail\tVorname\nada@example.com\tAda, of Looms",
	} {
		header, rows := rowsOf(t, text)
		assert.Equal(t, []string{"E-Mail", "Vorname"}, header, name)
		assert.Equal(t, []intake.Row{{Line: 2, Fields: []string{"ada@example.com", "Ada, of Looms"}}}, rows, name)
	}
}

func TestALineThatIsWrongIsReportedAndTheRestIsRead(t *testing.T) {
	t.Parallel()
	_, rows := rowsOf(t, "email,name\na@example.com\nb@example.com,B,x\nc@example.com,\"two\nlines\"\nd@example.com,a\"b\nf@example.com,\xff\n\ng@example.com,G\n")
	var got []string
	for _, r := range rows {
		got = append(got, r.Reason)
	}
	assert.Equal(t, []string{"it has 1 fields, and the header 2", "it has 3 fields, and the header 2", "",
		`a quote is wrong at column 16 of the line: bare " in non-quoted-field`, "it is not UTF-8; save the file as “CSV UTF-8”", ""}, got)
	assert.Equal(t, int64(9), rows[len(rows)-1].Line, "lines are those that an editor shows")
}

func TestWhatIsNoSheetIsRefused(t *testing.T) {
	t.Parallel()
	for text, code := range map[string]journey.Code{
		"":                                journey.CodeInvalid,
		"\xff\xfee\x00m\x00":              journey.CodeUnsupported,
		"e\x00m\x00a\x00":                 journey.CodeUnsupported,
		"PK\x03\x04workbook":              journey.CodeUnsupported,
		"a,,b\n":                          journey.CodeInvalid,
		"a,a\n":                           journey.CodeInvalid,
		strings.Repeat("a,", 400) + "b":   journey.CodeInvalid,
		"\"" + strings.Repeat("x", 1<<20): journey.CodeInvalid,
	} {
		_, err := intake.OpenSheet(strings.NewReader(text))
		assert.Equal(t, code, journey.CodeOf(err), "%.20q: %v", text, err)
	}
	sheet, err := intake.OpenSheet(strings.NewReader("email\na@example.com\n\"" + strings.Repeat("x\n", 1<<20)))
	require.NoError(t, err)
	_, err = sheet.Next()
	require.NoError(t, err)
	_, err = sheet.Next()
	assert.ErrorContains(t, err, "the line after line 2 does not end", "a quote that is never closed does not fill the memory")
}

// stream writes a file as it is read: what it begins with, then the same over and over.
type stream struct {
	head, more string
	rest       string
	left, read int // bytes
}

func (s *stream) Read(b []byte) (int, error) {
	if s.left <= 0 {
		return 0, io.EOF
	}
	if s.rest == "" {
		s.rest, s.head = s.head, ""
	}
	if s.rest == "" {
		s.rest = s.more
	}
	n := copy(b, s.rest)
	s.rest, s.left, s.read = s.rest[n:], s.left-n, s.read+n
	return n, nil
}

// shelf keeps what is staged no longer than it must, and notes how much came at a time.
type shelf struct {
	lines, most int // lines; bytes at a time
	reasons     map[string]int
}

func (s *shelf) BeginImport(_ context.Context, _ journey.Actor, _ string, plan journey.Import) (journey.Import, error) {
	plan.State, s.reasons = journey.ImportUploading, map[string]int{}
	return plan, nil
}

func (s *shelf) StageLines(_ context.Context, _ string, _ int64, lines []journey.ImportLine) error {
	size := 0
	for _, l := range lines {
		s.lines++
		s.reasons[l.Reason]++
		for _, v := range l.Traits {
			text, _ := v.(string)
			size += len(text)
		}
		size += len(strings.Join(l.Fields, ""))
	}
	s.most = max(s.most, size)
	return nil
}

func (s *shelf) Uploaded(context.Context, string) (journey.Import, error) {
	return journey.Import{}, nil
}

// What a file cannot be is said with the line and what to do about it, and is found without reading on: none of these fills the memory,
// whatever its length.
func TestBoundsOfAFile(t *testing.T) {
	t.Parallel()
	const long = 1 << 30
	thousand := ""
	for n := range 1000 {
		thousand += fmt.Sprintf("c%d,", n)
	}
	thousand += "email\n"
	for name, c := range map[string]struct {
		file stream
		says string
		at   int
		mend string
		read int // KiB of it at most
	}{
		"a line of 10 MB":               {stream{head: "email\na@example.com\n" + strings.Repeat("x", 10<<20) + "\n", more: "b@example.com\n", left: long}, "the line after line 2 does not end within 64 KiB", 3, "close the quote", 512},
		"a file that never ends a line": {stream{more: strings.Repeat("email", 100), left: long}, "the line after line 0 does not end", 1, "shorten the line", 512},
		"a quote left open":             {stream{head: "email\na@example.com\n\"", more: "b@example.com\n", left: long}, "the line after line 2 does not end", 3, "close the quote", 512},
		"blank lines without end":       {stream{head: "email\n", more: strings.Repeat("\n", 1000), left: long}, "the line after line 1 does not end", 2, "shorten the line", 512},
		"a name twice in the header":    {stream{head: "email,plan,plan\n", more: "a@example.com,x,y\n", left: long}, "two columns are named plan", 1, "a name of its own", 128},
		"a thousand columns":            {stream{head: thousand, more: "x\n", left: long}, "there are over 300 columns", 1, "leave out", 128},
		"UTF-16 without a mark":         {stream{more: "e\x00m\x00a\x00i\x00l\x00\n\x00", left: long}, "this is UTF-16 or no text at all", 0, "", 128},
		"a header that is Latin-1":      {stream{head: "email,pr\xe9nom\n", more: "a@example.com,x\n", left: long}, "save the file as “CSV UTF-8”", 0, "", 128},
	} {
		_, err := intake.Take(t.Context(), &shelf{}, journey.Actor{}, journey.ImportUpload{}, &c.file)
		var fault *journey.Fault
		require.ErrorAs(t, err, &fault, name)
		assert.Contains(t, fault.Error(), c.says, name)
		if c.at > 0 {
			p := fault.Problems[0]
			assert.Equal(t, c.at, p.Line, name)
			assert.Contains(t, p.Mend, c.mend, name)
		}
		assert.LessOrEqual(t, c.file.read, 10<<20+c.read<<10, name)
		if name != "a line of 10 MB" {
			assert.LessOrEqual(t, c.file.read, c.read<<10, name)
		}
	}
}

// Long lines are kept a few at a time; lines in another encoding, and a header that comes again, are refused one by one.
func TestLongLinesAreKeptAFewAtATime(t *testing.T) {
	t.Parallel()
	s := &shelf{}
	line := "a@example.com," + strings.Repeat("x", 60<<10) + "\n"
	_, err := intake.Take(t.Context(), s, journey.Actor{}, journey.ImportUpload{}, &stream{head: "email,note\n", more: line, left: len("email,note\n") + 500*len(line)})
	require.NoError(t, err)
	assert.Equal(t, 500, s.lines)
	assert.Less(t, s.most, 5<<20, "bytes at a time")

	s = &shelf{}
	_, err = intake.Take(t.Context(), s, journey.Actor{}, journey.ImportUpload{}, strings.NewReader("email,city\na@example.com,"+strings.Repeat("Graz ", 1000)+"\nemail,city\nb@example.com,K\xf6ln\n"+
		"c@example.com,a\x00b\n,\nd@example.com"+strings.Repeat(",x", 1000)+"\n,\n,\n"))
	require.NoError(t, err)
	assert.Equal(t, map[string]int{"": 1, "it is the first line once more": 1, "it is not UTF-8; save the file as “CSV UTF-8”": 2,
		"it has 1001 fields, and the header 2": 1}, s.reasons, "and a line in which nothing stands is none")
}

func TestColumnsAreRecognised(t *testing.T) {
	t.Parallel()
	columns, problems := intake.Columns([]string{"E-Mail", "Kundennummer", "Vorname", "Punkte", "Newsletter", "Intern", "Lieblings-Farbe"},
		[]string{"points:number=Punkte", "topic:offers=Newsletter", "-=Intern"})
	require.Empty(t, problems)
	var to []string
	for _, c := range columns {
		to = append(to, c.To)
	}
	assert.Equal(t, []string{"email", "user_id", "first_name", "points", "topic:offers", "", "lieblings_farbe"}, to)

	_, problems = intake.Columns([]string{"Farbe", "Mail A", "Mail B"}, []string{"email=Mail A", "email=Mail B", "x=Nichts", "color:hue=Farbe", "Farbe"})
	assert.Len(t, problems, 4, "%v", problems)
	_, problems = intake.Columns([]string{"Farbe"}, nil)
	assert.Contains(t, problems.Error(), "no column says who a customer is")
}

func TestKindsAreGuessedFromTheFirstLines(t *testing.T) {
	t.Parallel()
	columns, problems := intake.Columns([]string{"email", "points", "vip", "zip", "phone", "mixed", "empty", "article"}, nil)
	require.Empty(t, problems)
	intake.GuessKinds(columns, []intake.Row{
		{Fields: []string{"a@example.com", "12", "yes", "1070", "43660", "1", "", "007"}},
		{Fields: []string{"b@example.com", "-3.5", "no", "1080", "43661", "one", "", "12"}},
	})
	var kinds []string
	for _, c := range columns {
		kinds = append(kinds, c.Kind)
	}
	assert.Equal(t, []string{"", "number", "yes_no", "text", "text", "text", "text", "text"}, kinds)
	line := intake.ReadLine(columns, intake.Row{Line: 9, Fields: []string{"A@Example.com", "x", "yes", "", "", "", "", ""}}, "")
	assert.Equal(t, "points is no number", line.Reason)
	assert.Equal(t, "a@example.com", line.Address, "so that erasing her finds the line")
	line = intake.ReadLine(columns, intake.Row{Line: 9, Fields: []string{"A@example.com", "7", "no", "", "'+43", "'=1", "", ""}}, "")
	assert.Empty(t, line.Reason)
	assert.Equal(t, map[string]any{"email": "A@example.com", "points": 7.0, "vip": false, "phone": "+43", "mixed": "=1"}, line.Traits)
}

// FuzzSheet: whatever a file holds, reading it ends, and each line is whole or says why not. What we write we read as it was.
func FuzzSheet(f *testing.F) {
	for _, seed := range []string{"email,name\na@example.com,A\n", "\ufeffa;b\n\"x\n", "a\tb\n1\t2\t3\n", "\xff\xfe", "a,b\n=1,'@x\n", "\"a\"\"b\",c\n,\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		sheet, err := intake.OpenSheet(strings.NewReader(text))
		if err != nil {
			return
		}
		columns, problems := intake.Columns(sheet.Header, nil)
		var last int64
		for {
			row, err := sheet.Next()
			if err != nil {
				if !errors.Is(err, io.EOF) {
					assert.Equal(t, journey.CodeInvalid, journey.CodeOf(err), "%v", err)
				}
				return
			}
			assert.Greater(t, row.Line, last)
			last = row.Line
			if row.Reason == "" {
				assert.Len(t, row.Fields, len(sheet.Header))
				var b strings.Builder
				w := csv.NewWriter(&b)
				for _, cell := range row.Fields {
					escaped := journey.EscapeCell(cell)
					if escaped != "" && !strings.ContainsAny(escaped[:1], "-0123456789") {
						assert.NotContains(t, "=+@\t\r", escaped[:1])
					}
				}
				require.NoError(t, w.Write(row.Fields))
			}
			if len(problems) == 0 {
				line := intake.ReadLine(columns, row, "")
				assert.True(t, line.Reason != "" || line.Address != "" || line.UserID != "")
			}
		}
	})
}
