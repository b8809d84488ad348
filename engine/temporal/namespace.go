package temporal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/durationpb"
)

// retention is how long Temporal keeps the history of a workflow that has ended. The product's own log keeps what
// people want to know for longer.
const retention = 3 * 24 * time.Hour

// attributes are the search attributes that a workflow carries from its start: ids and codes, nothing personal.
var attributes = map[string]enums.IndexedValueType{
	"Journey":  enums.INDEXED_VALUE_TYPE_KEYWORD,
	"Customer": enums.INDEXED_VALUE_TYPE_KEYWORD,
}

// register makes the namespace and its search attributes where they are missing, and waits until a search by them is
// answered: what says ready must be ready.
func register(ctx context.Context, opts Options) error {
	conn, err := grpc.NewClient("passthrough:///"+opts.address(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	frontend, operator := workflowservice.NewWorkflowServiceClient(conn), operatorservice.NewOperatorServiceClient(conn)
	steps := []struct {
		doing string
		do    func(context.Context) error
	}{
		{"making it", func(ctx context.Context) error { return ensureNamespace(ctx, frontend) }},
		{"adding search attributes", func(ctx context.Context) error { return ensureAttributes(ctx, operator) }},
		{"searching", func(ctx context.Context) error { return search(ctx, frontend) }},
	}
	for _, step := range steps {
		if err := patiently(ctx, step.do); err != nil {
			return fmt.Errorf("%s: %w", step.doing, err)
		}
	}
	return nil
}

// patiently tries again until ctx ends: for a moment after the start, services do not know of each other, and caches
// do not know of a new namespace.
func patiently(ctx context.Context, do func(context.Context) error) error {
	for {
		attempt, cancel := context.WithTimeout(ctx, 5*time.Second)
		err := do(attempt)
		cancel()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(25 * time.Millisecond):
		}
	}
}

func ensureNamespace(ctx context.Context, frontend workflowservice.WorkflowServiceClient) error {
	_, err := frontend.DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: Namespace})
	if err == nil {
		return nil
	}
	if !isA[*serviceerror.NamespaceNotFound](err) {
		return err
	}
	_, err = frontend.RegisterNamespace(ctx, &workflowservice.RegisterNamespaceRequest{
		Namespace:                        Namespace,
		Description:                      "Customer journeys. Ids and codes only: nothing personal is kept here.",
		WorkflowExecutionRetentionPeriod: durationpb.New(retention),
	})
	if isA[*serviceerror.NamespaceAlreadyExists](err) {
		return nil
	}
	return err
}

func ensureAttributes(ctx context.Context, operator operatorservice.OperatorServiceClient) error {
	have, err := operator.ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: Namespace})
	if err != nil {
		return err
	}
	missing := map[string]enums.IndexedValueType{}
	for name, kind := range attributes {
		if _, ok := have.GetCustomAttributes()[name]; !ok {
			missing[name] = kind
		}
	}
	if len(missing) == 0 {
		return nil
	}
	_, err = operator.AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
		Namespace: Namespace, SearchAttributes: missing,
	})
	if isA[*serviceerror.AlreadyExists](err) {
		return nil
	}
	return err
}

func search(ctx context.Context, frontend workflowservice.WorkflowServiceClient) error {
	_, err := frontend.CountWorkflowExecutions(ctx, &workflowservice.CountWorkflowExecutionsRequest{
		Namespace: Namespace, Query: `Journey = "none" AND Customer = "none"`,
	})
	return err
}

// isA tells whether err, as it comes off the wire, is the service error of type E.
func isA[E error](err error) bool {
	if err == nil {
		return false
	}
	var target E
	return errors.As(serviceerror.FromStatus(serviceerror.ToStatus(err)), &target)
}
