// The types of Grafana that the boards are checked against. A panel has open options and fields in the type `Dashboard`; the
// other types are those of its kind of panel. Grafana fills in the members that a board leaves out, hence `Partial`.
import type { GraphFieldConfig } from '@grafana/schema';
import type { Options as BarGauge } from '@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen';
import type { Options as Heatmap } from '@grafana/schema/dist/esm/raw/composable/heatmap/panelcfg/x/HeatmapPanelCfg_types.gen';
import type { Options as Logs } from '@grafana/schema/dist/esm/raw/composable/logs/panelcfg/x/LogsPanelCfg_types.gen';
import type { Options as Stat } from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type { Options as StateTimeline } from '@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen';
import type { Options as Table } from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';
// The type from which `Dashboard` is derived; the derived one names two types alike, which the generator of schemas refuses.
import type { Dashboard as WholeDashboard } from './node_modules/@grafana/schema/dist/types/raw/dashboard/x/types.gen';
import type { Options as TimeSeries } from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

export type Part_dashboard = WholeDashboard;
export type Part_bargauge = Partial<BarGauge>;
export type Part_heatmap = Partial<Heatmap>;
export type Part_logs = Partial<Logs>;
export type Part_stat = Partial<Stat>;
export type Part_statetimeline = Partial<StateTimeline>;
export type Part_table = Partial<Table>;
export type Part_timeseries = Partial<TimeSeries>;
export type Part_timeseriesFields = GraphFieldConfig;
