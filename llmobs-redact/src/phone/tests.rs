use super::super::DataKind;
use super::super::Redactor;
use super::super::Region;
use super::super::test_support::find_all;

fn phones(text: &str) -> Vec<&str> {
    find_all(text).into_iter().filter(|(kind, _)| *kind == DataKind::Phone).map(|(_, matched)| matched).collect()
}

/// Numbers that authorities reserve for films and examples.
#[test]
fn international_numbers_are_found_in_every_format() {
    for number in [
        "+442079460958",
        "+44 20 7946 0958",
        "+44 (0)20 7946 0958",
        "+1 (415) 555-0132",
        "+1-415-555-0132",
        "+1.415.555.0132",
        "+49 30 23125 000",
        "+33 1 99 00 12 34",
        "+61 2 5550 1234",
        "+46 8 465 004 12",
        "+353 20 910 1234",
        "+48\u{a0}22\u{a0}123\u{a0}45\u{a0}67",
        "0049 30 23125 000",
        "+1 415-555-0132 ext. 12",
        "+1 415-555-0132x1234",
        "+1 415-555-0132, ext 12",
        "(+358) 9 31234567",
        "00493023125000",
    ] {
        for frame in ["{}", "on {}.", "({}), ", "电话{}谢谢", "tel:{};", "\"{}\""] {
            assert_eq!(phones(&frame.replace("{}", number)), [number], "{frame}");
        }
    }
    assert_eq!(phones("+1 415-555-0132 2024"), ["+1 415-555-0132"]);
    // Table cells.
    assert_eq!(phones("7,+44 20 7946 0958,820"), ["+44 20 7946 0958"]);
    assert_eq!(phones("17,+442079460958,1700000000"), ["+442079460958"]);
    assert_eq!(phones("+442079460958,17,x"), ["+442079460958"]);
}

#[test]
fn north_american_numbers_are_found() {
    for number in
        ["(415) 555-0132", "415-555-0132", "415.555.0132", "1-415-555-0132", "(415)555-0132", "001-415-555-0132x12"]
    {
        assert_eq!(phones(&format!("ask {number}, then")), [number]);
    }
}

#[test]
fn national_numbers_are_found_after_keywords() {
    for text in [
        "call me at {020 7946 0958}.",
        "Meine Handynummer ist {0151 23456789}",
        "appelle-moi au {06 39 98 12 34}",
        "téléphone : {0199001234}",
        "mi móvil es {612 345 678},",
        "手机号是{13800138000}。",
        "電話番号は{03-1234-5678}です",
        "my cell is {415 555 0132}",
        "text me on {4155550132}",
        "They're not answering at {78 651 450}",
        "What is your phone number? {0151 23456789}",
        "I gave you my phone number. It's {0151 23456789}",
        "phone: {+33 1 99 00 1}",
        "Handy: {01512.3456789}",
        "Tél. {01 99 00 12 34}, then",
        "Tel. {012.34.50.52}, then",
        "móvil {612.34.91.36}",
        "Телефон: {8 (301) 123-02-69}",
    ] {
        let number = text.split(['{', '}']).nth(1).unwrap();
        assert_eq!(phones(&text.replace(['{', '}'], "")), [number], "{text}");
    }
}

#[test]
fn national_numbers_are_found_before_keywords() {
    for text in [
        "{020 7946 0958} (office)",
        "{020 7946 0958} fax\n{07700 900123} mobile",
        "{0207946 0958}-Fax",
        "{42465418} work\n",
    ] {
        let numbers: Vec<&str> = text.split(['{', '}']).skip(1).step_by(2).collect();
        assert_eq!(phones(&text.replace(['{', '}'], "")), numbers, "{text}");
    }
    for text in ["12 345 678 mobile users", "20000000 phone calls", "2012-2014 work", "3 500 000 home runs"] {
        assert!(phones(text).is_empty(), "{text}: {:?}", phones(text));
    }
}

#[test]
fn national_numbers_of_an_enabled_region_need_no_keywords() {
    let redactor = Redactor::builder().region(Region::Uk).region(Region::Fr).build().unwrap();
    assert_eq!(redactor.redact("then 020 7946 0958 and 01 99 00 12 34"), "then [PHONE] and [PHONE]");
    assert!(phones("then 020 7946 0958 and 01 99 00 12 34").is_empty());
}

#[test]
fn other_numbers_are_not_found() {
    for text in [
        "1700000000",
        "order 4155550132",
        "call about order 4155550132",
        "NIST 800-53",
        "ZIP 94103-1234",
        "2024-01-15 10:30:00",
        "call on 2024-01-15",
        "call on 15.01.2024",
        "+51.5074, -0.1278",
        "UTC+0530",
        "2+2",
        "C++2024",
        "+1234567890",
        "+442079460958,5",
        "call 10.20.30.40",
        "978-3-16-148410-0",
        "+0000000000",
        "3.1415926535",
        "550e8400-e29b-41d4-a716-446655440000",
        "1-2-3",
        "call 911",
        "call in 2012-2014",
        "ID-415-555-0132",
        "2 101 005 33 000 12",
        "3704 0044 0532 0130 00",
        "002007999000043",
        "my phone broke. Order 4155550132 came",
    ] {
        assert!(phones(text).is_empty(), "{text}: {:?}", phones(text));
    }
}
