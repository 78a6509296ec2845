// What Alertmanager itself makes of configurations, matchers, time intervals and texts of receivers: one JSON request a line in, one answer a
// line out. See README.md.
package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"strings"
	"time"

	"github.com/prometheus/alertmanager/config"
	amcommon "github.com/prometheus/alertmanager/config/common"
	"github.com/prometheus/alertmanager/dispatch"
	"github.com/prometheus/alertmanager/featurecontrol"
	"github.com/prometheus/alertmanager/matcher/compat"
	"github.com/prometheus/alertmanager/pkg/labels"
	"github.com/prometheus/alertmanager/template"
	"github.com/prometheus/alertmanager/timeinterval"
	"github.com/prometheus/alertmanager/types"
	commoncfg "github.com/prometheus/common/config"
	"github.com/prometheus/common/model"
	"gopkg.in/yaml.v2"
)

type request struct {
	Op       string  `json:"op"`
	Mode     string  `json:"mode"`
	Text     string  `json:"text"`
	Instants []int64 `json:"instants"`
	Resolved bool    `json:"resolved"`
	HTML     bool    `json:"html"`
	Group    group   `json:"group"`
}

type group struct {
	GroupKey    string         `json:"groupKey"`
	Receiver    string         `json:"receiver"`
	ExternalURL string         `json:"externalUrl"`
	Reason      string         `json:"reason"`
	GroupLabels model.LabelSet `json:"groupLabels"`
	RouteLabels model.LabelSet `json:"routeLabels"`
	Alerts      []struct {
		Labels       model.LabelSet `json:"labels"`
		Annotations  model.LabelSet `json:"annotations"`
		StartsAt     time.Time      `json:"startsAt"`
		EndsAt       *time.Time     `json:"endsAt"`
		GeneratorURL string         `json:"generatorUrl"`
	} `json:"alerts"`
}

type answer struct {
	Error  *string `json:"error"`
	Crash  bool    `json:"crash,omitempty"`
	Result any     `json:"result,omitempty"`
}

func main() {
	logger := slog.New(slog.DiscardHandler)
	decoder, encoder := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var r request
		if decoder.Decode(&r) != nil {
			return
		}
		features, err := featurecontrol.NewFlags(logger, r.Mode)
		if err != nil {
			panic(err)
		}
		compat.InitFromFlags(logger, features)
		encoder.Encode(answerTo(r))
	}
}

func answerTo(r request) (a answer) {
	defer func() {
		if crash := recover(); crash != nil {
			message := fmt.Sprint(crash)
			a = answer{Error: &message, Crash: true}
		}
	}()
	result, err := resultOf(r)
	if err != nil {
		message := err.Error()
		return answer{Error: &message}
	}
	return answer{Result: result}
}

func resultOf(r request) (any, error) {
	switch r.Op {
	case "load":
		cfg, err := config.Load(r.Text)
		if err != nil || !r.Resolved {
			return nil, err
		}
		return map[string]any{
			"config": dump(reflect.ValueOf(cfg)),
			"route":  routeOf(dispatch.NewRoute(cfg.Route, nil)),
		}, nil
	case "matchers":
		ms, err := compat.Matchers(r.Text, "oracle")
		return matchersOf(ms), err
	case "render":
		return rendered(r)
	case "send":
		return sent(r)
	case "interval":
		var ti timeinterval.TimeInterval
		if err := yaml.UnmarshalStrict([]byte(r.Text), &ti); err != nil {
			return nil, err
		}
		in := make([]bool, len(r.Instants))
		for i, instant := range r.Instants {
			in[i] = ti.ContainsTime(time.UnixMilli(instant).UTC())
		}
		return in, nil
	}
	return nil, fmt.Errorf("unknown op %q", r.Op)
}

// rendered is a text as a receiver with Alertmanager's default templates renders it.
func rendered(r request) (any, error) {
	templates, err := templatesOf(r.Group)
	if err != nil {
		return nil, err
	}
	g := r.Group
	data := templates.Data(g.Receiver, g.GroupLabels, g.RouteLabels, g.Reason, alertsOf(g)...)
	template.MarkRouteLabelsRendered(data)
	if r.HTML {
		return templates.ExecuteHTMLString(r.Text, data)
	}
	return templates.ExecuteTextString(r.Text, data)
}

func templatesOf(g group) (*template.Template, error) {
	templates, err := template.FromGlobs(nil)
	if err == nil {
		templates.ExternalURL, err = url.Parse(g.ExternalURL)
	}
	return templates, err
}

func alertsOf(g group) []*types.Alert {
	alerts := []*types.Alert{}
	for _, a := range g.Alerts {
		alert := &types.Alert{Alert: model.Alert{
			Labels: a.Labels, Annotations: a.Annotations, StartsAt: a.StartsAt, GeneratorURL: a.GeneratorURL,
		}}
		if a.EndsAt != nil {
			alert.EndsAt = *a.EndsAt
		}
		alerts = append(alerts, alert)
	}
	return alerts
}

func matchersOf(ms labels.Matchers) [][3]string {
	result := [][3]string{}
	for _, m := range ms {
		result = append(result, [3]string{m.Name, m.Type.String(), m.Value})
	}
	return result
}

func routeOf(r *dispatch.Route) any {
	children := []any{}
	for _, child := range r.Routes {
		children = append(children, routeOf(child))
	}
	groupBy := []string{}
	for name := range r.RouteOpts.GroupBy {
		groupBy = append(groupBy, string(name))
	}
	return map[string]any{
		"receiver": r.RouteOpts.Receiver, "group_by": groupBy, "group_by_all": r.RouteOpts.GroupByAll,
		"group_wait": r.RouteOpts.GroupWait, "group_interval": r.RouteOpts.GroupInterval,
		"repeat_interval": r.RouteOpts.RepeatInterval, "matchers": matchersOf(r.Matchers), "continue": r.Continue,
		"mute": r.RouteOpts.MuteTimeIntervals, "active": r.RouteOpts.ActiveTimeIntervals,
		"labels": r.RouteOpts.Labels, "routes": children,
	}
}

// dump is a value with the names that its fields have in YAML.
func dump(v reflect.Value) any {
	switch x := v.Interface().(type) {
	case *url.URL:
		if x == nil {
			return nil
		}
		return x.String()
	case *regexp.Regexp:
		return x.String()
	case time.Duration:
		return int64(x)
	case commoncfg.TLSVersion:
		return x.String()
	case config.HostPort:
		return x.String()
	case amcommon.Regexp:
		return x.Original
	case amcommon.Matchers:
		return matchersOf(labels.Matchers(x))
	case timeinterval.Location:
		return x.String()
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
		return dump(v.Elem())
	case reflect.Struct:
		fields := map[string]any{}
		dumpFields(v, fields)
		if only, ok := fields["#url"]; ok {
			return only
		}
		return fields
	case reflect.Map:
		entries := map[string]any{}
		for _, key := range v.MapKeys() {
			entries[fmt.Sprint(key.Interface())] = dump(v.MapIndex(key))
		}
		return entries
	case reflect.Slice:
		items := []any{}
		for i := range v.Len() {
			items = append(items, dump(v.Index(i)))
		}
		return items
	case reflect.String:
		return v.String()
	case reflect.Int, reflect.Int64:
		return v.Int()
	}
	return v.Interface()
}

func dumpFields(v reflect.Value, into map[string]any) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if !field.IsExported() {
			continue
		}
		if field.Anonymous && field.Type == reflect.TypeFor[*url.URL]() {
			into["#url"] = dump(v.Field(i))
			continue
		}
		name, options, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		switch {
		case strings.Contains(options, "inline") && field.Type.Kind() == reflect.Map:
			for key, value := range dump(v.Field(i)).(map[string]any) {
				into[key] = value
			}
		case strings.Contains(options, "inline") || (field.Anonymous && name == ""):
			dumpFields(v.Field(i), into)
		case name == "":
			into[strings.ToLower(field.Name)] = dump(v.Field(i))
		case name != "-":
			into[name] = dump(v.Field(i))
		}
	}
}
