package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/prometheus/alertmanager/config"
	"github.com/prometheus/alertmanager/config/receiver"
	"github.com/prometheus/alertmanager/notify"
	commoncfg "github.com/prometheus/common/config"
)

type sentRequest struct {
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
}

// What every service that is asked would call a success.
const success = `{"ok": true, "success": true, "access_token": "S3cr3tAccess", "errcode": 0, "issues": [], "status": 1,
	"result": {"message_id": 1, "chat": {"id": 1}}}`

// sent is what the first receiver of a configuration sends for a group. Whatever host it asks for is a server here.
func sent(r request) (any, error) {
	requests := []sentRequest{}
	handler := http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		headers := map[string]string{}
		for _, name := range []string{"Content-Type", "Authorization", "X-Auth-Token", "X-User-Id"} {
			if value := q.Header.Get(name); value != "" {
				headers[strings.ToLower(name)] = value
			}
		}
		requests = append(requests, sentRequest{q.Method, q.URL.RequestURI(), headers, string(body)})
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, success)
	})
	plain, secure := httptest.NewServer(handler), httptest.NewTLSServer(handler)
	defer plain.Close()
	defer secure.Close()
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		server := plain
		if strings.HasSuffix(address, ":443") {
			server = secure
		}
		return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
	}

	cfg, err := config.Load(r.Text)
	if err != nil {
		return nil, err
	}
	templates, err := templatesOf(r.Group)
	if err != nil {
		return nil, err
	}
	all, err := receiver.BuildReceiverIntegrations(cfg.Receivers[0], templates, nil, commoncfg.WithDialContextFunc(dial))
	if err != nil {
		return nil, err
	}
	ctx := notify.WithGroupKey(context.Background(), r.Group.GroupKey)
	ctx = notify.WithGroupLabels(ctx, r.Group.GroupLabels)
	ctx = notify.WithRouteLabels(ctx, r.Group.RouteLabels)
	ctx = notify.WithReceiverName(ctx, r.Group.Receiver)
	ctx = notify.WithNotificationReason(ctx, reasonOf(r.Group.Reason))
	for _, each := range all {
		if _, err := each.Notify(ctx, alertsOf(r.Group)...); err != nil {
			return nil, err
		}
	}
	return requests, nil
}

func reasonOf(text string) notify.NotifyReason {
	for reason := notify.ReasonDoNotNotify; reason < notify.ReasonUnknown; reason++ {
		if reason.String() == text {
			return reason
		}
	}
	return notify.ReasonUnknown
}
