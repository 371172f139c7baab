// SPDX-License-Identifier: Apache-2.0
// Each kind of panel by the component of @grafana/ui that Grafana draws it with. The heatmap is none of them: Grafana keeps it
// to itself, so that it is drawn here, in the same colours.
import { dateTime, formattedValueToString, getDisplayValueAlignmentFactors, getValueFormat, VizOrientation, type GrafanaTheme2 } from '@grafana/data';
import { BarGauge, BigValue, Table, TimeSeries } from '@grafana/ui';
import { lastField, seriesFrames, tableFrame, type PanelJson, type Series } from './data';

export type Drawn = { panel: PanelJson; series: Series[]; width: number; height: number; theme: GrafanaTheme2; range: [number, number] };

const timeRange = ([from, to]: [number, number]) => ({ from: dateTime(from), to: dateTime(to), raw: { from: dateTime(from), to: dateTime(to) } });

function Nothing({ panel, width, height, theme }: Drawn) {
  const style = { width, height, display: 'flex', alignItems: 'center', justifyContent: 'center', textAlign: 'center', color: theme.colors.text.secondary, padding: 8 } as const;
  return <div style={style}>{panel.fieldConfig.defaults.noValue}</div>;
}

function Stat({ panel, series, width, height, theme }: Drawn) {
  const each = width / series.length;
  const values = series.map((one) => {
    const field = lastField(panel, one, theme);
    return { one, field, shown: { ...field.display!(one.values.filter((v) => v !== null).at(-1)), title: one.name } };
  });
  const widest = getDisplayValueAlignmentFactors(values.map(({ shown }) => ({ display: shown })) as any);
  return (
    <div style={{ display: 'flex' }}>
      {values.map(({ one, field, shown }, i) => {
        const sparkline = panel.options.graphMode === 'area' && one.values.length > 1 ? { y: field } : undefined;
        return <BigValue key={i} theme={theme} width={each} height={height} value={shown} sparkline={sparkline} alignmentFactors={widest}
                         colorMode={panel.options.colorMode} graphMode={panel.options.graphMode} textMode={panel.options.textMode} count={series.length} />;
      })}
    </div>
  );
}

function Bars({ panel, series, width, height, theme }: Drawn) {
  const sorted = series;
  const room = Math.min(panel.options.maxVizHeight, height / sorted.length - 4);
  const most = panel.fieldConfig.defaults.max ?? Math.max(...sorted.map((one) => one.values.at(-1) ?? 0));
  const values = sorted.map((one) => {
    const field = lastField(panel, one, theme);
    return { field, value: { ...field.display!(one.values.at(-1)), title: one.name } };
  });
  const widest = getDisplayValueAlignmentFactors(values.map(({ value }) => ({ display: value })) as any);
  widest.title += 'mm'; // it goes by the number of letters, which may be wider ones
  return (
    <div style={{ display: 'flex', flexDirection: 'column', gap: 4, justifyContent: 'center', height }}>
      {values.map(({ field, value }, i) => (
        <BarGauge key={i} theme={theme} width={width} height={room} field={{ ...field.config, min: 0, max: most || 1 }} display={field.display}
                  value={value} orientation={VizOrientation.Horizontal} displayMode={panel.options.displayMode} isOverflow={false}
                  alignmentFactors={widest}
                  showUnfilled={panel.options.showUnfilled} valueDisplayMode={panel.options.valueMode} text={{ titleSize: 11, valueSize: 13 }} />
      ))}
    </div>
  );
}

const edge = (name: string) => (name === '+Inf' ? Infinity : Number(name));

function Heatmap({ panel, series, width, height, theme, range }: Drawn) {
  const rows = [...series].sort((a, b) => edge(a.name) - edge(b.name));
  const counts = rows.map((row, i) => row.values.map((v, t) => Math.max(0, (v ?? 0) - (i ? rows[i - 1].values[t] ?? 0 : 0))));
  const used = counts.map((row) => row.some((v) => v > 1e-9));
  const first = used.indexOf(true), last = used.lastIndexOf(true);
  if (first < 0) return <Nothing {...{ panel, series, width, height, theme, range }} />;
  const shown = rows.slice(first, last + 1), cells = counts.slice(first, last + 1);
  const most = Math.max(...cells.flat());
  const left = 80, bottom = 20, columns = Math.max(...rows.map((row) => row.times.length));
  const w = (width - left) / columns, h = (height - bottom) / shown.length;
  const unit = getValueFormat(panel.options.yAxis.unit);
  const text = { fill: theme.colors.text.primary, fontSize: 11, fontFamily: theme.typography.fontFamily };
  const ticks = [0.1, 0.3, 0.5, 0.7, 0.9];
  return (
    <svg width={width} height={height}>
      {shown.map((row, y) => (
        <g key={y}>
          <text x={left - 6} y={height - bottom - y * h - h / 2 + 4} textAnchor="end" {...text}>
            {row.name === '+Inf' ? 'more' : `≤ ${formattedValueToString(unit(edge(row.name)))}`}
          </text>
          {cells[y].map((v, x) => v > 1e-9 && (
            <rect key={x} x={left + x * w} y={height - bottom - (y + 1) * h} width={Math.max(w - 0.5, 0.5)} height={h - 1}
                  fill={theme.visualization.getColorByName('orange')} opacity={0.2 + 0.8 * Math.sqrt(v / most)} />
          ))}
        </g>
      ))}
      {ticks.map((at) => (
        <text key={at} x={left + at * (width - left)} y={height - 4} textAnchor="middle" {...text}>
          {dateTime(range[0] + at * (range[1] - range[0])).utc().format('HH:mm')}
        </text>
      ))}
    </svg>
  );
}

export function Drawing(props: Drawn) {
  const { panel, series, width, height, theme, range } = props;
  if (!series.length) return <Nothing {...props} />;
  switch (panel.type) {
    case 'stat':
      return <Stat {...props} />;
    case 'bargauge':
      return <Bars {...props} />;
    case 'heatmap':
      return <Heatmap {...props} />;
    case 'table':
      return <Table data={tableFrame(panel, series, theme)} width={width} height={height} />;
    case 'timeseries':
      return <TimeSeries frames={seriesFrames(panel, series, theme)} width={width} height={height} timeRange={timeRange(range)} timeZone="utc"
                         legend={panel.options.legend} structureRev={1} />;
    default:
      throw new Error(`no component for ${panel.type}`);
  }
}
