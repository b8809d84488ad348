package journey

import (
	"fmt"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// date reads { attribute: birthday, offset: -7d, at: "09:00", yearly: true }.
func (p *parser) date(n *yaml.Node) *DateTrigger {
	date := &DateTrigger{}
	f := p.fields(n, "date", "attribute", "offset", "at", "yearly")
	if f == nil {
		return date
	}
	if v := f.need("attribute", "add which one holds the date, such as `attribute: birthday`"); v != nil {
		date.Attribute = p.path(v, "the attribute")
	}
	if v := f.get("offset"); v != nil {
		date.Offset = p.offset(v, "offset")
	}
	if v := f.get("at"); v != nil {
		minute := p.minute(v, "at")
		date.At = &minute
		if minute == minutesPerDay {
			p.fault(v, `"24:00" is the next day`, `write "00:00"`)
		}
	}
	if v := f.get("yearly"); v != nil {
		date.Yearly = p.boolean(v, "yearly")
	}
	return date
}

// schedule reads { cron: "0 9 * * mon", zone: Europe/Vienna, segment: vip }.
func (p *parser) schedule(n *yaml.Node) *Schedule {
	schedule := &Schedule{cron: &cron{}}
	f := p.fields(n, "schedule", "cron", "zone", "segment")
	if f == nil {
		return schedule
	}
	if v := f.need("cron", "add when, such as `cron: 0 9 * * mon` for every Monday at 09:00"); v != nil {
		schedule.Cron = p.name(v, "cron")
		if read, err := parseCron(schedule.Cron); err == nil {
			schedule.cron = read
		} else if schedule.Cron != "" {
			p.fault(v, "cron: "+err.Error(), "write `0 9 * * mon` for every Monday at 09:00")
		}
	}
	schedule.Zone, schedule.Segment = p.whereAndWho(f)
	return schedule
}

// once reads { at: 2030-02-05T10:00, zone: Europe/Vienna, segment: vip }.
func (p *parser) once(n *yaml.Node) *Once {
	once := &Once{}
	f := p.fields(n, "once", "at", "zone", "segment")
	if f == nil {
		return once
	}
	if v := f.need("at", "add when, such as `at: 2030-02-05T10:00`"); v != nil {
		once.At = p.name(v, "at")
		p.def.once.line, p.def.once.column = v.Line, v.Column
		_, fixed, ok := momentOf(once.At, time.UTC)
		if once.At != "" && (!ok || fixed || !strings.Contains(once.At, "T")) {
			p.fault(v, fmt.Sprintf("at: %s is not a local time", quote(once.At)), "write 2030-02-05T10:00, and the zone beside it")
		}
	}
	once.Zone, once.Segment = p.whereAndWho(f)
	return once
}

// whereAndWho reads zone and segment.
func (p *parser) whereAndWho(f *fields) (zone *time.Location, segment string) {
	if v := f.get("zone"); v != nil {
		zone = p.zone(v)
	}
	if v := f.get("segment"); v != nil {
		segment = p.segment(v)
	}
	return zone, segment
}

func (p *parser) zone(n *yaml.Node) *time.Location {
	name := p.name(n, "the zone")
	zone, err := time.LoadLocation(name)
	if name != "" && (err != nil || name == "Local") {
		p.fault(n, fmt.Sprintf("the time zone %s is not known", quote(name)), "write its IANA name, such as Europe/Vienna")
		return nil
	}
	return zone
}

// segment reads the key of a segment, and remembers that it must exist.
func (p *parser) segment(n *yaml.Node) string {
	key := p.key(n, "the segment")
	p.names("segments", n)
	if key != "" {
		p.refs = append(p.refs, ref{at: n, kind: "segment", name: key, scope: p.scope})
	}
	return key
}

// segments reads the conditions that the file gives names to.
func (p *parser) segments(n *yaml.Node) {
	before := p.scope
	p.scope = scopeSegment
	defer func() { p.scope = before }()
	places := map[string]*yaml.Node{}
	p.each(n, "segments", func(key string, at, n *yaml.Node) {
		p.def.Declares.Segments[key], places[key] = p.cond(n), at
	})
	for key, at := range places {
		if p.circular(key, map[string]bool{}) {
			p.fault(at, fmt.Sprintf("the segment %s names itself, by whatever way", quote(key)), "write out what is meant")
		}
	}
}

// circular says whether following the names in a segment leads back to one that was passed.
func (p *parser) circular(key string, passed map[string]bool) bool {
	if passed[key] {
		return true
	}
	passed[key] = true
	defer delete(passed, key)
	found := false
	eachCond(p.def.Declares.Segments[key], func(c *Cond) {
		found = found || c.Segment != "" && p.circular(c.Segment, passed)
	})
	return found
}
