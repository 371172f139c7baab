// SPDX-License-Identifier: Apache-2.0
// What Prometheus answered, as Grafana's data frames, with the panel's own field configuration.
import { createDataFrame, FieldType, getDisplayProcessor, type DataFrame, type Field, type GrafanaTheme2 } from '@grafana/data';

export type Series = { name: string; labels: Record<string, string>; times: number[]; values: (number | null)[] };
export type PanelJson = any; // the dashboard's JSON, checked by its own lane

// The panel's defaults, and its overrides by name.
function config(panel: PanelJson, name: string, i = 0) {
  const { defaults, overrides } = panel.fieldConfig;
  const base: any = { ...defaults, displayName: name, links: [], custom: { ...defaults.custom }, seriesIndex: i };
  for (const override of overrides.filter((one: any) => one.matcher.options === name)) {
    for (const { id, value } of override.properties) {
      if (id.startsWith('custom.')) base.custom[id.slice(7)] = value;
      else if (id !== 'links') base[id] = value;
    }
  }
  return base;
}

function withDisplay(field: Field, theme: GrafanaTheme2): Field {
  field.display = getDisplayProcessor({ field, theme, timeZone: 'utc' });
  return field;
}

// One frame a series, as the Prometheus data source gives them.
export function seriesFrames(panel: PanelJson, series: Series[], theme: GrafanaTheme2): DataFrame[] {
  return series.map((one, i) => {
    const frame = createDataFrame({
      refId: String(i),
      fields: [
        { name: 'Time', type: FieldType.time, values: one.times, config: {} },
        { name: one.name, type: FieldType.number, values: one.values, config: config(panel, one.name, i), labels: one.labels },
      ],
    });
    const numbers = one.values.filter((v): v is number => v !== null);
    const [min, max] = [Math.min(...numbers), Math.max(...numbers)];
    frame.fields[1].state = { seriesIndex: i, displayName: one.name, range: { min, max, delta: max - min } };
    frame.fields.forEach((field) => withDisplay(field, theme));
    return frame;
  });
}

export const lastField = (panel: PanelJson, one: Series, theme: GrafanaTheme2) => seriesFrames(panel, [one], theme)[0].fields[1];

// Columns in the order of the panel's `organize`.
export function tableFrame(panel: PanelJson, series: Series[], theme: GrafanaTheme2): DataFrame {
  const { renameByName, indexByName } = panel.transformations[0].options;
  const fields = Object.keys(indexByName).map((name) => {
    const shown = renameByName[name] ?? name;
    const number = name === 'Value';
    const base = config(panel, shown);
    base.custom.filterable = false;
    const values = number ? series.map((one) => one.values.at(-1)) : series.map((one) => one.labels[name] ?? '');
    return withDisplay({ name: shown, type: number ? FieldType.number : FieldType.string, values, config: base }, theme);
  });
  const order = series.map((_, i) => i).sort((a, b) => (series[b].values.at(-1) ?? 0) - (series[a].values.at(-1) ?? 0));
  for (const field of fields) field.values = order.map((i) => field.values[i]);
  return createDataFrame({ fields: fields.filter((field) => !field.config.custom.hidden) });
}
