// SPDX-License-Identifier: Apache-2.0
// What a dashboard of ours may hold, by Grafana's own types; check.mjs puts each dashboard's JSON behind it.
import type { Dashboard, FieldConfig, Panel, RowPanel } from '@grafana/grafana-foundation-sdk/dashboard';
import type { Dataquery } from '@grafana/grafana-foundation-sdk/prometheus';
import type * as bargauge from '@grafana/grafana-foundation-sdk/bargauge';
import type * as heatmap from '@grafana/grafana-foundation-sdk/heatmap';
import type * as stat from '@grafana/grafana-foundation-sdk/stat';
import type * as table from '@grafana/grafana-foundation-sdk/table';
import type * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';

// JSON has no enums: their values.
type Plain<T> = T extends string ? `${T}` : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;

// The SDK takes a panel's data links for a dashboard's links, which have more fields.
type DataLink = { title: string; url: string; targetBlank?: boolean };
type Defaults<Custom> = Omit<Plain<FieldConfig>, 'links' | 'custom'> & { links: DataLink[]; custom: Partial<Plain<Custom>> };

type PanelOf<Type extends string, Options, Custom> = Omit<Plain<Panel>, 'type' | 'targets' | 'options' | 'fieldConfig'> & {
  type: Type;
  targets: (Plain<Omit<Dataquery, '_implementsDataqueryVariant'>>)[];
  options: Partial<Plain<Options>>;
  fieldConfig: { defaults: Defaults<Custom>; overrides: { matcher: { id: string; options?: unknown }; properties: { id: string; value?: unknown }[] }[] };
};

type AnyPanel =
  | PanelOf<'timeseries', timeseries.Options, timeseries.FieldConfig>
  | PanelOf<'stat', stat.Options, object>
  | PanelOf<'bargauge', bargauge.Options, object>
  | PanelOf<'table', table.Options, table.FieldConfig>
  | PanelOf<'heatmap', heatmap.Options, heatmap.FieldConfig>
  | Plain<RowPanel>;

export type Ours = Omit<Plain<Dashboard>, 'panels'> & { panels: AnyPanel[] };
