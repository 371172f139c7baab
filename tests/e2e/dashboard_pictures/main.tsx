// SPDX-License-Identifier: Apache-2.0
// ?data=FILE&theme=light: one dashboard, from a file that holds its JSON and what Prometheus answered to each of its queries.
import { Component, type ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { createTheme, EventBusSrv, ThemeContext } from '@grafana/data';
import { initPluginTranslations } from '@grafana/i18n';
import { GlobalStyles, PanelChrome, PanelContextProvider } from '@grafana/ui';
import 'uplot/dist/uPlot.min.css';
import { Drawing } from './panels';

const WIDTH = 1500;
const UNIT = 34; // Grafana's grid: 30 px and a gap of 8, a little tighter

const asked = new URLSearchParams(location.search);

class Guard extends Component<{ title: string; children: ReactNode }, { error?: Error }> {
  state: { error?: Error } = {};
  static getDerivedStateFromError = (error: Error) => ({ error });
  render() {
    if (this.state.error) console.error(`${this.props.title}: ${this.state.error.stack}`);
    return this.state.error ? <pre>{String(this.state.error)}</pre> : this.props.children;
  }
}

function Page({ given, theme }: any) {
  const { dashboard, answers, range } = given;
  const column = (WIDTH - 8) / 24;
  const bottom = Math.max(...dashboard.panels.map((p: any) => p.gridPos.y + p.gridPos.h));
  return (
    <div id="page" style={{ position: 'relative', width: WIDTH, height: 46 + bottom * UNIT, background: theme.colors.background.canvas }}>
      <h1 style={{ margin: 0, padding: '12px 12px 0', fontSize: 20 }}>{dashboard.title}</h1>
      {dashboard.panels.map((panel: any) => {
        const { x, y, w, h } = panel.gridPos;
        const box = { position: 'absolute', left: 8 + x * column, top: 46 + y * UNIT, width: w * column - 8, height: h * UNIT - 8 } as const;
        if (panel.type === 'row') return <h2 key={panel.id} style={{ ...box, fontSize: 15, margin: 0, paddingTop: 6 }}>{panel.title}</h2>;
        return (
          <div key={panel.id} style={box} className="panel">
            <PanelChrome title={panel.title} width={box.width} height={box.height} padding="sm">
              {(width, height) => (
                <Guard title={panel.title}>
                  <Drawing {...{ panel, width, height, theme, range }} series={answers[panel.id]} />
                </Guard>
              )}
            </PanelChrome>
          </div>
        );
      })}
    </div>
  );
}

const context: any = { eventsScope: 'global', eventBus: new EventBusSrv() };

async function main() {
  await initPluginTranslations('pictures').catch(() => undefined);
  const theme = createTheme({ colors: { mode: asked.get('theme') === 'dark' ? 'dark' : 'light' } });
  const given = await (await fetch(asked.get('data')!)).json();
  createRoot(document.getElementById('root')!).render(
    <ThemeContext.Provider value={theme}>
      <GlobalStyles hackNoBackdropBlur />
      <PanelContextProvider value={context}><Page given={given} theme={theme} /></PanelContextProvider>
    </ThemeContext.Provider>,
  );
}
main();
