//! Hashes of passlib, argon2-cffi, htpasswd, mkpasswd and OpenSSL, all of one password.

use super::*;

const PASSWORD: &str = "correct horse bättery";

/// Each as the other program wrote it.
const HASHES: [&str; 18] = [
    "$argon2id$v=19$m=1024,t=2,p=4$zsfS8VZF9dPMR5zYLJTw0w$x/0krs2TkBhuUhgqTyqEhfS+8DvbuxbA4bR7bAKcPnI",
    "$argon2i$v=19$m=1024,t=2,p=1$KBeAveHtTiySmsZZBA5RBg$ceGnXathUqL4MDlLiEFGMKlNO+CmicEHqW1Q7AmlvSs",
    "$argon2d$v=19$m=1024,t=2,p=1$rhlHWizUfRZIYl+WsY6k2Q$4+vq9BlQQkM+QbCaTimiB3AeYiAom8vU42oZhHtoCNo",
    "$2b$04$LDXi8H0Q3IREMCAww2wB1.gLSavRVNkz.6876BrcWNJdIOGCiBG6O",
    "$2y$04$YPiYuB5mbYONvOtqGXWfyeMSnVen/q9z3N/jzPoiiNIACRNBFI4qm",
    "$bcrypt-sha256$v=2,t=2b,r=4$fSaLQqQ8m0gg7VpJZIWtF.$8AtXEO56Xje8bNAkfESfZzfa18/bq86",
    "$6$rounds=1234$eVbpUSbxTd46LtpF$OsEzowMEQgEJVsy5onbk0PdDVZT2TrGRuZmL454DIzWNLj8xR6wjzhopBGeL6GgZBVxejn4ni3rZOQesqoE4i/",
    "$6$pqXmTcMZ5OoPVgz.$Bn0ex48CU5jDgPGPRECdYV38Wo2fP.O8MBsv2jYlHxoCKl0rBZBgUzP3f9NsEFQZ10Gqet72w51yam2sCWJVF0",
    "{CRYPT}$6$ab$LF8YO9/nPbj0vmxt2ywD1PLzHyL4mSubRH8S2ZR37quvWK0zFEQGvTvWMe5FuVwoeI6wst5yIur1PK2mkCRtT.",
    "$5$rounds=1234$u.tBVXkUs8lcTqoi$TQ5nI.QHUwtxGufo5dJmSRL1KpUXeHOmOZiDrBXkXL3",
    "$5$nS60.j9Vt3byLDYl$IfklUzFuHf.PbjNjP7zOsYCOMMoT0f9npwLwTq3m3L6",
    "$pbkdf2$100$BIBQqlUqBcC4d87Z.3.PsQ$NqQSXqqv5LISpgxuw0Yqu0rb9lQ",
    "$pbkdf2-sha1$100$BIBQqlUqBcC4d87Z.3.PsQ$NqQSXqqv5LISpgxuw0Yqu0rb9lQ",
    "$pbkdf2-sha224$100$ZXwOwnyfh10kYldXkEnv7g$LvzoGbfVe8bl42gXYJVst31B7i0zXHa.Veiffg",
    "$pbkdf2-sha256$100$CsG4N6ZUKmUsRQhhrLX2/g$1pKg7kqb.jw8eNQCf9RkZp7Jji8oREctu75k99uqmEY",
    "$pbkdf2-sha384$100$T.e.96nMEGS08vANjBcbtA$akK76nCvy2qMTjVA827x.ng0gRn2m25phM2cLEyE/eUu8ELvYKR72zqLVmkq/7Es",
    "$pbkdf2-sha512$100$SkkJgfAeo1SKkTJmzDmnNA$utJAl0aNGqdhFuuSFcJEsl8Hz5T1NdmdUK/sF8q.lnLh0RCRJ1l1pW53hAouJ1WZsNArFpHEhoTxuhODx/xWRw",
    "$scrypt$ln=4,r=8,p=1$g5Dy/p9TipFSytl7jzEGAA$cY0f7gfEJVO6GZ0W2gCjtmSMFbuzaFsciC/lqBbUzOM",
];

#[test]
fn computes_what_other_programs_computed() {
    for text in HASHES {
        let (recipe, output) = read(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(compute(&recipe, PASSWORD.as_bytes(), &mut Vec::new()).unwrap()[..], output, "{text}");
        assert_ne!(compute(&recipe, b"another", &mut Vec::new()).unwrap()[..], output, "{text}");
    }
}

#[test]
fn what_is_too_weak_is_refused_with_its_name() {
    for (text, name) in [
        ("$apr1$Gk9IN83o$nRuujMEkOQW/sTQNEIrqA0", "MD5"),
        ("$1$Gk9IN83o$nRuujMEkOQW/sTQNEIrqA0", "MD5"),
        ("{SHA}EfatjsUqKYSrqv18O1FlA3hcIHI=", "SHA-1"),
        ("{ssha}EfatjsUqKYSrqv18O1FlA3hcIHI=", "SHA-1"),
        ("aiP1V0aYXKxiY", "DES or plain text"),
        ("hunter2", "DES or plain text"),
        ("$plaintext$hunter2", "DES or plain text"),
        ("$2x$04$LDXi8H0Q3IREMCAww2wB1.gLSavRVNkz.6876BrcWNJdIOGCiBG6O", "a faulty bcrypt"),
        ("", "DES or plain text"),
    ] {
        assert_eq!(read(text), Err(ForeignError::Weak(name)), "{text}");
    }
}

// PATTERN-LONG-PASSWORD: neither a hash nor a password makes one sign-in take all that there is.
#[test]
fn absurd_costs_are_refused() {
    let [argon2, .., scrypt] = HASHES;
    let (bcrypt, sha_crypt, pbkdf2) = (HASHES[3], HASHES[6], HASHES[16]);
    let long_sha1 = pbkdf2.replace("sha512", "sha1");
    assert!(read(&long_sha1.replace("$100$", "$500000$")).is_ok());
    for (text, from, to) in [
        (argon2, "m=1024", "m=2097152"),
        (argon2, "t=2", "t=4000000"),
        (argon2, "p=4", "p=64"),
        (bcrypt, "$04$", "$15$"),
        (bcrypt, "$04$", "$31$"),
        (sha_crypt, "rounds=1234", "rounds=999999999"),
        (pbkdf2, "$100$", "$4294967295$"),
        // Each block of the outcome costs every iteration anew: four of SHA-1 are four times as much.
        (&long_sha1, "$100$", "$500001$"),
        (scrypt, "ln=4", "ln=20"),
        (scrypt, "ln=4", "ln=63"),
        (scrypt, "p=1", "p=4294967295"),
    ] {
        let text = text.replacen(from, to, 1);
        assert_eq!(read(&text), Err(ForeignError::Costly), "{text}");
    }
    let (recipe, output) = read(HASHES[7]).unwrap();
    let begun = tokio::time::Instant::now();
    assert_ne!(compute(&recipe, &[b'a'; 1024], &mut Vec::new()).unwrap()[..], output);
    assert!(begun.elapsed() < std::time::Duration::from_secs(5));
}

#[test]
fn memory_is_that_of_the_worker_and_is_wiped() {
    let (recipe, output) = read(HASHES[0]).unwrap();
    let mut memory = Vec::new();
    assert_eq!(compute(&recipe, PASSWORD.as_bytes(), &mut memory).unwrap()[..], output);
    assert_eq!(memory.len(), 1024);
    assert!(
        memory.iter().all(|block| block.as_ref().iter().all(|word| *word == 0)),
        "what came from a password is gone"
    );
    assert_eq!(read(&HASHES[0].replace("m=1024", "m=131073")), Err(ForeignError::Costly));
}

#[test]
fn the_costliest_of_a_kind_stands_for_it() {
    let scheme = |text: &str| read(text).unwrap().0.scheme;
    let (few, many) = (scheme(HASHES[16]), scheme(&HASHES[16].replace("$100$", "$101$")));
    assert!(few.kind() == many.kind() && few.work() < many.work());
    let kinds: std::collections::HashSet<_> = HASHES.iter().map(|text| scheme(text).kind()).collect();
    assert_eq!(kinds.len(), 13, "three, two, two, five and one");
}

#[test]
fn damaged_and_unknown_hashes_are_refused() {
    for text in HASHES {
        // What may have any length is still a hash where its end is gone, of another password.
        let is_fixed = ["$2", "$bcrypt", "$5", "$6", "{CRYPT}"].iter().any(|prefix| text.starts_with(prefix));
        for cut in [8, text.len() - usize::from(is_fixed), text.rfind('$').unwrap() + 9] {
            assert_eq!(read(&text[..cut]).is_err(), cut < text.len(), "{}", &text[..cut]);
        }
        assert!(read(&format!("{text}$")).is_err() && read(&format!("{text}\u{e4}")).is_err());
    }
    for text in [
        "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7",
        "$argon2id$v=18$m=1024,t=2,p=4$zsfS8VZF9dPMR5zYLJTw0w$x/0krs2TkBhuUhgqTyqEhfS+8DvbuxbA4bR7bAKcPnI",
        "$argon2id$v=19$m=1024,t=2,p=4,keyid=AAAA$zsfS8VZF9dPMR5zYLJTw0w$x/0krs2TkBhuUhgqTyqEhfS+8DvbuxbA4bR7bAKcPnI",
        "$argon2id$v=19$m=+1024,t=2,p=4$zsfS8VZF9dPMR5zYLJTw0w$x/0krs2TkBhuUhgqTyqEhfS+8DvbuxbA4bR7bAKcPnI",
        "$argon2id$v=19$m=7,t=2,p=4$zsfS8VZF9dPMR5zYLJTw0w$x/0krs2TkBhuUhgqTyqEhfS+8DvbuxbA4bR7bAKcPnI",
        "$2b$4$LDXi8H0Q3IREMCAww2wB1.gLSavRVNkz.6876BrcWNJdIOGCiBG6O",
        "$2b$03$LDXi8H0Q3IREMCAww2wB1.gLSavRVNkz.6876BrcWNJdIOGCiBG6O",
        "$pbkdf2-md5$100$BIBQqlUqBcC4d87Z.3.PsQ$NqQSXqqv5LISpgxuw0Yqu0rb9lQ",
        "$pbkdf2-sha512$0$SkkJgfAeo1SKkTJmzDmnNA$utJAl0aNGqdhFuuSFcJEsl8Hz5T1NdmdUK",
        "$",
        "$$$$",
        "$6$$",
    ] {
        assert_eq!(read(text), Err(ForeignError::Unknown), "{text}");
    }
    assert_eq!(read(&format!("$6$a${}", "a".repeat(1 << 20))), Err(ForeignError::Unknown));
}
