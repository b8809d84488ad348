package intake

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"time"

	"perennial/journey"
)

// Staging is where the lines of an upload are kept until they are applied; the store is one.
type Staging interface {
	BeginImport(ctx context.Context, by journey.Actor, key string, plan journey.Import) (journey.Import, error)
	StageLines(ctx context.Context, id string, from int64, lines []journey.ImportLine) error
	Uploaded(ctx context.Context, id string) (journey.Import, error)
}

const (
	sampleLines = 200     // from which kinds of values are guessed
	stageLines  = 2000    // kept at a time
	stageBytes  = 4 << 20 // likewise, where lines are long
)

// Take reads a file to its end, checks each line and stages it. It holds a few thousand lines at most, and fewer where they are long. An upload with the same key goes
// on after the last line that was kept; one that had come to its end is returned as it stands.
func Take(ctx context.Context, to Staging, by journey.Actor, u journey.ImportUpload, file io.Reader) (journey.Import, error) {
	sheet, err := OpenSheet(file)
	if err != nil {
		return journey.Import{}, err
	}
	columns, problems := Columns(sheet.Header, u.Map)
	problems = append(problems, consentFaults(u, columns)...)
	if len(problems) > 0 {
		return journey.Import{}, &journey.Fault{Code: journey.CodeInvalid, Message: "the file cannot be taken", Problems: problems}
	}
	sample, last, err := readRows(sheet, sampleLines)
	if err != nil {
		return journey.Import{}, err
	}
	GuessKinds(columns, sample)
	i, err := to.BeginImport(ctx, by, u.Key, journey.Import{Name: u.Name, Columns: columns, Source: u.Source, Wording: u.Wording, DryRun: u.DryRun})
	if err != nil || i.State != journey.ImportUploading {
		return i, err
	}
	if len(i.Columns) != len(columns) {
		return i, journey.Faultf(journey.CodeConflict, "this is another file than the one whose upload broke off")
	}
	staged := i.StagedTo
	for rows := sample; ; {
		if staged, err = stage(ctx, to, i, staged, rows); err != nil {
			return i, err
		}
		if last {
			return to.Uploaded(ctx, i.ID)
		}
		if rows, last, err = readRows(sheet, stageLines); err != nil {
			return i, err
		}
	}
}

// stage keeps those of the rows that were not kept before, and returns up to which line the file is kept.
func stage(ctx context.Context, to Staging, i journey.Import, staged int64, rows []Row) (int64, error) {
	var lines []journey.ImportLine
	for _, row := range rows {
		if row.Line > staged {
			lines = append(lines, ReadLine(i.Columns, row, i.Wording))
		}
	}
	if len(lines) == 0 {
		return staged, nil
	}
	return lines[len(lines)-1].Line, to.StageLines(ctx, i.ID, staged, lines)
}

func readRows(sheet *Sheet, most int) (rows []Row, last bool, err error) {
	for size := 0; len(rows) < most && size < stageBytes; {
		row, err := sheet.Next()
		if errors.Is(err, io.EOF) {
			return rows, true, nil
		}
		if err != nil {
			return nil, false, err
		}
		for _, cell := range row.Fields {
			size += len(cell)
		}
		rows = append(rows, row)
	}
	return rows, false, nil
}

// consentFaults refuses consents that nobody could prove later.
func consentFaults(u journey.ImportUpload, columns []journey.ImportColumn) journey.Problems {
	var all journey.Problems
	for _, c := range columns {
		if !strings.HasPrefix(c.To, toTopic) {
			continue
		}
		if strings.TrimSpace(u.Source) == "" {
			all = append(all, journey.Problem{Path: "source", Message: c.Header + " holds consents, and nothing says where they were given", Mend: `say so, e.g. source=newsletter form until 2024`})
		}
		if strings.TrimSpace(u.Wording) == "" {
			all = append(all, journey.Problem{Path: "wording", Message: c.Header + " holds consents, and nothing says to what words", Mend: `send the text that stood beside the box`})
		}
		break
	}
	return all
}

// Imports is what ImportRunner works on; the store is one.
type Imports interface {
	// ApplyImport applies lines of an import, behind what waits in the inbox, and says how many; busy: it has not come to its end.
	ApplyImport(ctx context.Context, profile func(journey.Customer, journey.Event) journey.Change, limit int) (applied int, busy bool, err error)
}

// ImportRunner applies imports whose upload has come to its end.
type ImportRunner struct {
	Imports Imports
	Log     *slog.Logger // required
}

// applyLines is how many lines are applied in one transaction; what happens now waits for no more than that.
const applyLines = 1000

// Run applies imports until ctx ends, which it returns as nil.
func (r *ImportRunner) Run(ctx context.Context) error {
	const idle, waits = 2 * time.Second, 50 * time.Millisecond
	for ctx.Err() == nil {
		applied, busy, err := r.Imports.ApplyImport(ctx, Profile, applyLines)
		pause := idle
		switch {
		case err != nil && ctx.Err() == nil:
			r.Log.Warn("applying an import; trying again", "code", journey.CodeOf(err), "error", err)
		case applied > 0:
			continue
		case busy:
			pause = waits
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
	return nil
}
