//! Search for canaries: unique texts that an application passes in one place and that may appear only where allowed.

mod canary;
mod gold;
mod leaves;
mod search;

pub use self::canary::Canaries;
pub use self::canary::Canary;
pub use self::gold::GOLD;
pub use self::leaves::Leaf;
pub use self::leaves::of_bodies;
pub use self::leaves::of_json;
pub use self::leaves::of_page;
pub use self::leaves::of_seen;
pub use self::search::Found;
pub use self::search::Search;
