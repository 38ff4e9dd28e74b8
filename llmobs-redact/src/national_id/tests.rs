//! Tests against examples that authorities or encyclopedias publish.

use super::super::Redactor;
use super::Region;

fn finds(region: Region, number: &str) -> bool {
    let redactor = Redactor::builder().region(region).build().unwrap();
    redactor.redact(&format!("it is {number}, thanks")) == "it is [NATIONAL_ID], thanks"
}

const EXAMPLES: [(Region, &str); 27] = [
    (Region::Au, "123 456 782"),
    (Region::Au, "2123 45670 1"),
    (Region::Be, "85.07.30-033.28"),
    (Region::Br, "111.444.777-35"),
    (Region::Br, "11.222.333/0001-81"),
    (Region::Ca, "130 692 544"),
    (Region::Ch, "756.9217.0769.85"),
    (Region::Cn, "11010519491231002X"),
    (Region::De, "86095742719"),
    (Region::Dk, "211062-5629"),
    (Region::Es, "12345678Z"),
    (Region::Es, "X1234567L"),
    (Region::Fi, "131052-308T"),
    (Region::Fr, "2 55 08 14 168 025 38"),
    (Region::In, "2341 2341 2346"),
    (Region::In, "ABCPE1234F"),
    (Region::It, "RSSMRA85T10A562S"),
    (Region::Jp, "1234 5678 9018"),
    (Region::Kr, "900101-1234567"),
    (Region::Mx, "HEGG560427MVZRRL04"),
    (Region::Nl, "111222333"),
    (Region::No, "01010750160"),
    (Region::Pl, "44051401359"),
    (Region::Se, "811228-9874"),
    (Region::Sg, "S1234567D"),
    (Region::Uk, "943 476 5919"),
    (Region::Uk, "AB 12 34 56 C"),
];

#[test]
fn numbers_are_found_in_their_region_only() {
    for (region, number) in EXAMPLES {
        assert!(finds(region, number), "{region:?} {number}");
        let without = Redactor::new().redact(number).into_owned();
        assert!(!without.contains("NATIONAL_ID"), "{number}");
    }
    assert!(finds(Region::Us, "912-70-1234"));
}

#[test]
fn number_with_a_wrong_check_digit_is_not_found() {
    for (region, number) in EXAMPLES {
        // These numbers have no check digit, or not in the last position.
        if matches!(region, Region::Dk | Region::Kr | Region::Mx)
            || number == "ABCPE1234F"
            || number.starts_with("AB 12")
            || number == "2123 45670 1"
        {
            continue;
        }
        let last = number.chars().last().unwrap();
        let other = match last {
            '9' => '0',
            'Z' => 'A',
            symbol => char::from(symbol as u8 + 1),
        };
        let wrong = format!("{}{other}", &number[..number.len() - 1]);
        assert!(!finds(region, &wrong), "{region:?} {wrong}");
    }
}
