package liquid

import (
	"slices"
	"strings"
)

// name converts a path: variables keep their names, what other products call a customer is one of ours.
func (c *converter) name(at int, path []string) (string, *gap) {
	if own := variable(path[0]); c.has(own) {
		return "$" + strings.Join(append([]string{own}, path[1:]...), "."), nil
	}
	root, rest := strings.ToLower(path[0]), path[1:]
	if whole, has := c.wholes[strings.ToLower(strings.Join(path, "."))]; has {
		return whole, nil
	}
	switch {
	case root == "forloop" || root == "loop" || root == "tablerowloop":
		return "", &gap{strings.Join(path, ".") + " has no counterpart", "write what is alike for all rounds"}
	case len(rest) == 0:
		return c.alone(at, path[0])
	case slices.Contains([]string{"customer", "person", "contact", "user", "subscriber", "recipient", "profile", "custom_attribute", "lead", "member"}, root):
		return customer(rest), nil
	case slices.Contains([]string{"event", "trigger", "event_properties", "canvas_entry_properties", "api_trigger_properties", "context"}, root):
		return "trigger." + strings.Join(rest, "."), nil
	case slices.Contains([]string{"order", "checkout", "cart", "item", "product"}, root):
		c.warn(at, strings.Join(path, ".")+" became trigger."+strings.Join(rest, "."), "see that the event which starts the journey carries it")
		return "trigger." + strings.Join(rest, "."), nil
	case slices.Contains([]string{"account", "answer", "var", "brand", "journey", "topic", "survey"}, root):
		return root + "." + strings.Join(rest, "."), nil
	}
	return "", &gap{"nothing here is called " + strings.Join(path, "."), "name an attribute (customer.…) or what the trigger carries (trigger.…)"}
}

// wholes are names that mean one thing of ours.
func wholes() map[string]string {
	out := map[string]string{}
	for ours, theirs := range map[string]string{
		"brand.name":          "shop.name company.name organization.name brand.name site.name business.name company_name",
		"brand.address":       "shop.address company.address organization.full_address organization.address brand.address company_address",
		"journey.name":        "campaign.name canvas.name journey.name flow.name workflow.name",
		"unsubscribe_url":     "unsubscribe_url unsubscribe_link set_user_to_unsubscribed_url unsubscribe_link_url subscription.unsubscribe_url",
		"preferences_url":     "preferences_url manage_preferences_url manage_preferences_link manage_subscription_preferences_url preference_center_url",
		"view_url":            "view_url view_in_browser_url web_view_link view_as_webpage_link",
		"survey_url":          "survey_url",
		"back_url":            "back_url",
		"subject":             "subject campaign.subject",
		"preheader":           "preheader",
		"locale":              "locale",
		"customer.first_name": "first_name firstname",
		"customer.last_name":  "last_name lastname",
		"customer.email":      "email email_address",
	} {
		for name := range strings.FieldsSeq(theirs) {
			out[name] = ours
		}
	}
	return out
}

// customer is an attribute of hers, by the name that it has here.
func customer(rest []string) string {
	renamed := map[string]string{"firstname": "first_name", "lastname": "last_name", "email_address": "email", "user_id": "external_id",
		"time_zone": "timezone", "language": "locale", "custom_attributes": "attributes", "properties": "attributes"}
	out := slices.Clone(rest)
	if ours, has := renamed[strings.ToLower(out[0])]; has {
		out[0] = ours
	}
	if len(out) > 1 && out[0] == "attributes" {
		out = out[1:]
	}
	return "customer." + strings.Join(out, ".")
}

// alone converts a name that stands by itself: an attribute of the customer, in the dialects that have such.
func (c *converter) alone(at int, name string) (string, *gap) {
	switch strings.ToLower(name) {
	case "customer", "person", "contact", "user", "event", "trigger", "order":
		return "", &gap{name + " by itself is nothing that can be written", "name what you mean, such as customer.first_name"}
	case "coupon", "coupon_code", "discount_code", "promo_code":
		return "", &gap{name + " has no counterpart by itself", `give the coupon with a coupon step, and write {{ coupon "offer" }}`}
	case "now", "today":
		return "", &gap{name + " has no counterpart", "a mail may wait in a queue: write a date that was decided, or none"}
	}
	c.warn(at, name+" was taken for an attribute of the customer", "write trigger."+name+" where the event carries it")
	return customer([]string{name}), nil
}
