package graph

import "perennial/journey"

// icon is a path of 16 by 16, to be stroked. A kind without one of its own gets a dot.
func icon(kind string) string {
	switch kind {
	case KindEnter:
		return "M9.5 2H13a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H9.5M2 8h8M7 4.8 10.2 8 7 11.2"
	case KindRule, string(journey.StepLeave):
		return "M6.5 2H3a1 1 0 0 0-1 1v10a1 1 0 0 0 1 1h3.5M6 8h8M10.8 4.8 14 8l-3.2 3.2"
	case KindGoal:
		return "M3.5 14.5v-13M3.5 2.5h9l-2.2 3 2.2 3h-9"
	case string(journey.StepSend):
		return "M2.5 3.5h11a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1h-11a1 1 0 0 1-1-1v-7a1 1 0 0 1 1-1zM2 4.5l6 4.5 6-4.5"
	case string(journey.StepWait):
		return "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8zM8 4.6V8l2.3 1.6"
	case string(journey.StepWaitFor):
		return "M4 1.8h8M4 14.2h8M5 1.8v2.4L8 8l3-3.8V1.8M5 14.2v-2.4L8 8l3 3.8v2.4"
	case string(journey.StepBranch):
		return "M8 1.8v4M8 5.8 3.5 10v4M8 5.8l4.5 4.2v4M1.8 12.4l1.7 1.8 1.7-1.8M10.8 12.4l1.7 1.8 1.7-1.8"
	case string(journey.StepSplit):
		return "M12.8 3.2 3.2 12.8M4.4 2.6a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6zM11.6 9.8a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6z"
	case string(journey.StepCoupon):
		return "M1.8 5.8v-2h12.4v2a2.2 2.2 0 0 0 0 4.4v2H1.8v-2a2.2 2.2 0 0 0 0-4.4zM9.8 4v1.6M9.8 7.2v1.6M9.8 10.4V12"
	case string(journey.StepSurvey):
		return "M2.5 2.5h11a1 1 0 0 1 1 1v6.5a1 1 0 0 1-1 1H8l-3.4 2.9V11H2.5a1 1 0 0 1-1-1V3.5a1 1 0 0 1 1-1zM6.6 5.6a1.5 1.5 0 1 1 1.9 1.5q-.5.2-.5.7M8 9.2v.1"
	case string(journey.StepTask):
		return "M3 2h10a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H3a1 1 0 0 1-1-1V3a1 1 0 0 1 1-1zM5 8.2l2.2 2.2L11.2 6"
	case string(journey.StepSet):
		return "M2.2 13.8l.8-3.3 7.7-7.7a1.2 1.2 0 0 1 1.7 0l.8.8a1.2 1.2 0 0 1 0 1.7L5.5 13zM9.6 4l2.4 2.4"
	case string(journey.StepStart):
		return "M4.2 2.6v10.8L13 8z"
	case string(journey.StepRepeat):
		return "M13.5 6.5A5.8 5.8 0 0 0 3 5.2M2.5 9.5A5.8 5.8 0 0 0 13 10.8M2.6 2.2 2.9 5.4l3.2-.3M13.4 13.8l-.3-3.2-3.2.3"
	case string(journey.StepConsent):
		return "M8 1.6 13.4 3.6v4.2c0 3.2-2.2 5.4-5.4 6.6-3.2-1.2-5.4-3.4-5.4-6.6V3.6zM5.6 7.8l1.8 1.8 3-3.2"
	case string(journey.StepSuppress):
		return "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8zM3.7 3.7l8.6 8.6"
	case string(journey.StepPause):
		return "M5.4 3v10M10.6 3v10"
	case "webhook":
		return "M5.6 1.8v3.4M10.4 1.8v3.4M3.6 5.2h8.8v2.2a4.4 4.4 0 0 1-8.8 0zM8 11.8v2.6"
	case "notify":
		return "M8 1.8a4 4 0 0 1 4 4c0 3.6 1.6 4.8 1.6 5.4H2.4c0-.6 1.6-1.8 1.6-5.4a4 4 0 0 1 4-4zM6.6 13.4q1.4 1.2 2.8 0"
	}
	return "M8 6.6a1.4 1.4 0 1 0 0 2.8 1.4 1.4 0 0 0 0-2.8z"
}
