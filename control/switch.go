package control

import (
	"context"
	"strconv"
	"strings"

	"perennial/journey"
)

// Settings is where the switches of the installation are kept.
type Settings interface {
	SetSwitch(ctx context.Context, to journey.Switch) (journey.Settings, error)
}

// highestCeiling is more mail than anybody wants in a day.
const highestCeiling = 1000

// Switch turns sending on or off, goes live, sets who gets mail before that and how much of it in a day, or releases an installation
// that is held. Once it has answered, nothing that the new settings forbid is sent.
func (c *Control) Switch(ctx context.Context, by journey.Actor, to journey.Switch) (journey.Settings, error) {
	detail := map[string]any{}
	if to.AllowList != nil {
		for i, entry := range *to.AllowList {
			entry = strings.ToLower(strings.TrimSpace(entry))
			if local, domain, found := strings.Cut(entry, "@"); !found || domain == "" || len(entry) > 254 || strings.ContainsAny(local+domain, "@ \r\n\t") {
				return journey.Settings{}, invalid("allow_list["+strconv.Itoa(i)+"]", "is neither an address nor a domain", "e.g. mara@example.com or @example.com")
			}
			(*to.AllowList)[i] = entry
		}
		detail["allow_list"] = len(*to.AllowList)
	}
	if to.Sending != nil {
		detail["sending"] = *to.Sending
	}
	if to.Live != nil {
		detail["live"] = *to.Live
	}
	if to.Ceiling != nil {
		if *to.Ceiling < 0 || *to.Ceiling > highestCeiling {
			return journey.Settings{}, invalid("daily_ceiling", "is not a number from 0 to 1000", "0 is no ceiling")
		}
		detail["daily_ceiling"] = *to.Ceiling
	}
	if to.Floor != nil {
		if *to.Floor < 0 {
			return journey.Settings{}, invalid("audience_floor", "is below 0", "0 asks about no audience")
		}
		detail["audience_floor"] = *to.Floor
	}
	if to.Release {
		detail["held"] = false
	}
	if len(detail) == 0 {
		return journey.Settings{}, invalid("", "nothing to switch", "send sending, live, allow_list, daily_ceiling, audience_floor or held")
	}
	settings, err := c.Store.SetSwitch(ctx, to)
	if err != nil {
		return settings, err
	}
	return settings, c.Store.Record(ctx, by, "switch", "installation", detail)
}
