//! The check of a board's layout, on the JSON that Grafana reads.

use std::collections::BTreeSet;

use serde_json::Value;

use super::board::COLUMNS;

/// The place of a panel in the grid.
#[derive(Debug, Clone, Copy)]
struct Place {
    left: u64,
    top: u64,
    right: u64,
    bottom: u64,
}

impl Place {
    fn overlaps(self, other: Self) -> bool {
        self.left < other.right && other.left < self.right && self.top < other.bottom && other.top < self.bottom
    }
}

/// Fails if two panels overlap, if one is outside the grid, or if two have one id.
pub(super) fn check(board: &Value) -> Result<(), String> {
    let panels = board["panels"].as_array().ok_or("the board has no panels")?;
    let mut ids = BTreeSet::new();
    let mut places: Vec<(&str, Place)> = Vec::new();
    for panel in panels {
        let title = panel["title"].as_str().unwrap_or_default();
        if !ids.insert(panel["id"].as_u64().ok_or_else(|| format!("`{title}` has no id"))?) {
            return Err(format!("`{title}` has the id of another panel"));
        }
        let place = place(panel).ok_or_else(|| format!("`{title}` has no place"))?;
        if place.right > COLUMNS || place.left >= place.right || place.top >= place.bottom {
            return Err(format!("`{title}` does not fit in {COLUMNS} columns: {place:?}"));
        }
        if let Some((other, _)) = places.iter().find(|(_, other)| place.overlaps(*other)) {
            return Err(format!("`{title}` overlaps `{other}`"));
        }
        places.push((title, place));
    }
    Ok(())
}

fn place(panel: &Value) -> Option<Place> {
    let number = |name: &str| panel["gridPos"][name].as_u64();
    let (left, top) = (number("x")?, number("y")?);
    Some(Place { left, top, right: left + number("w")?, bottom: top + number("h")? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn board(places: &[(u64, u64, u64, u64)]) -> Value {
        let panels: Vec<_> = places
            .iter()
            .enumerate()
            .map(|(id, (x, y, w, h))| json!({ "id": id, "title": "t", "gridPos": { "x": x, "y": y, "w": w, "h": h } }))
            .collect();
        json!({ "panels": panels })
    }

    #[test]
    fn panels_may_touch_and_must_not_overlap() {
        assert_eq!(check(&board(&[(0, 0, 12, 8), (12, 0, 12, 8), (0, 8, 24, 1)])), Ok(()));
        assert!(check(&board(&[(0, 0, 13, 8), (12, 0, 12, 8)])).unwrap_err().contains("overlaps"));
        assert!(check(&board(&[(0, 0, 12, 9), (0, 8, 12, 8)])).unwrap_err().contains("overlaps"));
    }

    #[test]
    fn a_panel_is_inside_the_grid_and_has_its_own_id() {
        assert!(check(&board(&[(13, 0, 12, 8)])).unwrap_err().contains("24 columns"));
        assert!(check(&board(&[(0, 0, 0, 8)])).unwrap_err().contains("24 columns"));
        let mut same = board(&[(0, 0, 12, 8), (12, 0, 12, 8)]);
        same["panels"][1]["id"] = json!(0);
        assert!(check(&same).unwrap_err().contains("id"));
    }
}
