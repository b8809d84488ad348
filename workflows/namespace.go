package workflows

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/durationpb"
)

// HeldLost is why everyone is held when Temporal's namespace was lost.
const HeldLost = "namespace lost"

// retention is how long Temporal keeps histories of workflows that have ended, where we make the namespace.
const retention = 3 * 24 * time.Hour

// HomeStore keeps which namespace the drivers run in, and can make everyone stand still. Driven names some who must have a driver.
type HomeStore interface {
	Namespace(ctx context.Context) (string, error)
	SetNamespace(ctx context.Context, id string) error
	Driven(ctx context.Context, limit int) ([]string, error)
	HoldEnrollments(ctx context.Context, reason, by string) (int, error)
}

// Home says in which namespace we are.
type Home struct {
	Known bool // it is the one that was noted, or none was yet
	Empty bool // it has no driver of those who must have one: they were asked for by name
	ID    string
}

// Lost says that the drivers that Postgres counts on are not in this namespace.
func (h Home) Lost() bool { return !h.Known || h.Empty }

// Look compares the namespace with what Postgres knows of it. NamespaceNotFound says that there is none of that name.
func Look(ctx context.Context, c client.Client, namespace string, s HomeStore) (h Home, err error) {
	described, err := c.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: namespace})
	if err != nil {
		return h, fmt.Errorf("describing the namespace %s: %w", namespace, err)
	}
	h.ID = described.GetNamespaceInfo().GetId()
	noted, err := s.Namespace(ctx)
	if err != nil {
		return h, err
	}
	if h.Known = noted == "" || noted == h.ID; !h.Known {
		return h, nil
	}
	h.Empty, err = empty(ctx, c, s)
	return h, err
}

// sample is how many drivers are asked for before a namespace is thought to be empty.
const sample = 20

func empty(ctx context.Context, c client.Client, s HomeStore) (bool, error) {
	ids, err := s.Driven(ctx, sample)
	if err != nil {
		return false, err
	}
	for _, id := range ids {
		_, err := c.DescribeWorkflowExecution(ctx, EnrollmentID(id), "")
		if err == nil {
			return false, nil
		}
		if !isA[*serviceerror.NotFound](err) {
			return false, fmt.Errorf("describing a driver: %w", err)
		}
	}
	return len(ids) > 0, nil
}

// Recognize notes the namespace in which drivers run. Where it is another than the last time, or one without drivers, everyone is
// held, before the relay starts anybody there: a person looks first. It says whether that was so.
func Recognize(ctx context.Context, c client.Client, namespace string, s HomeStore) (lost bool, err error) {
	h, err := Look(ctx, c, namespace, s)
	if err != nil {
		return false, err
	}
	if h.Lost() {
		if _, err := s.HoldEnrollments(ctx, HeldLost, "perennial"); err != nil {
			return true, err
		}
	}
	if h.Known && !h.Empty {
		if noted, err := s.Namespace(ctx); err != nil || noted == h.ID {
			return false, err
		}
	}
	return h.Lost(), s.SetNamespace(ctx, h.ID)
}

// MakeNamespace makes the namespace and its search attributes where they are missing and where our key may do so, and returns when
// Temporal answers for it. It says whether there was none.
func MakeNamespace(ctx context.Context, c client.Client, namespace string) (made bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	_, err = c.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: namespace})
	if isA[*serviceerror.NamespaceNotFound](err) {
		_, err = c.WorkflowService().RegisterNamespace(ctx, &workflowservice.RegisterNamespaceRequest{
			Namespace: namespace, Description: "Customer journeys. Ids and codes only: nothing personal is kept here.",
			WorkflowExecutionRetentionPeriod: durationpb.New(retention),
		})
		made = err == nil
	}
	if err != nil && !isA[*serviceerror.NamespaceAlreadyExists](err) {
		return false, fmt.Errorf("making the namespace %s: %w", namespace, err)
	}
	// For some seconds after it was made, caches do not know of it.
	return made, patiently(ctx, func() error { return makeAttributes(ctx, c, namespace) })
}

func makeAttributes(ctx context.Context, c client.Client, namespace string) error {
	have, err := c.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		return fmt.Errorf("listing search attributes: %w", err)
	}
	missing := map[string]enums.IndexedValueType{}
	for _, name := range []string{AttributeJourney, AttributeCustomer} {
		if _, there := have.GetCustomAttributes()[name]; !there {
			missing[name] = enums.INDEXED_VALUE_TYPE_KEYWORD
		}
	}
	if len(missing) > 0 {
		_, err = c.OperatorService().AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{Namespace: namespace, SearchAttributes: missing})
		if err != nil && !isA[*serviceerror.AlreadyExists](err) {
			return fmt.Errorf("adding search attributes: %w", err)
		}
	}
	_, err = c.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{
		Namespace: namespace, Query: fmt.Sprintf("%s = 'none' AND %s = 'none'", AttributeJourney, AttributeCustomer),
	})
	if err != nil {
		return fmt.Errorf("searching by the attributes: %w", err)
	}
	return nil
}

func patiently(ctx context.Context, do func() error) error {
	for {
		err := do()
		if err == nil || isA[*serviceerror.PermissionDenied](err) || isA[*serviceerror.Unimplemented](err) {
			return err
		}
		pause(ctx, nil, 100*time.Millisecond)
		if ctx.Err() != nil {
			return errors.Join(ctx.Err(), err)
		}
	}
}
