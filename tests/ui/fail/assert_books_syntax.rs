use llmobs::Observer;
use llmobs::assert_books;

fn main() {
    let observer = Observer::disabled();
    assert_books!(observer, completed = 1);
    assert_books!(observer, 2);
    assert_books!();
}
