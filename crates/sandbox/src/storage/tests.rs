use std::fs;

use tempfile::TempDir;

use super::read::Unreadable;
use super::*;
use crate::world::World;

/// A world that grew in four steps: the log, and the world as it was after each.
fn story() -> (TempDir, Vec<u8>, Vec<Vec<u8>>) {
    let folder = tempfile::tempdir().unwrap();
    let mut storage = Storage::open(folder.path()).unwrap();
    assert!(storage.load().unwrap().is_none());
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    let mut world = World::empty(7, now, "http://localhost".to_owned());
    let organization = world.chance.id();
    world.issue_access_token(organization, Vec::new());
    world.take_changes();
    storage.save_everything(&world.lines()).unwrap();
    let mut worlds = vec![world.to_bytes().unwrap()];
    for step in 0..3 {
        world.issue_access_token(organization, vec![format!("step {step} ☂")]);
        if step == 2 {
            let token = world.access_tokens.iter().next().unwrap().id;
            world.access_tokens.remove(token);
        }
        assert!(!storage.wants_everything());
        storage.save_changes(&world.take_changes()).unwrap();
        worlds.push(world.to_bytes().unwrap());
    }
    drop(storage);
    let log = fs::read(folder.path().join(LOG)).unwrap();
    (folder, log, worlds)
}

fn load(folder: &TempDir, log: &[u8]) -> Result<Vec<u8>, StorageError> {
    fs::write(folder.path().join(LOG), log).unwrap();
    let world = Storage::open(folder.path()).unwrap().load()?;
    Ok(world.unwrap().to_bytes().unwrap())
}

/// Where the lines end that say a set is whole.
fn ends(log: &[u8]) -> Vec<usize> {
    let text = String::from_utf8(log.to_vec()).unwrap();
    let mut end = 0;
    let lines = text.split_inclusive('\n').map(|line| {
        end += line.len();
        (end, line.contains("[\"saved\","))
    });
    lines
        .filter(|(_, is_end)| *is_end)
        .map(|(end, _)| end)
        .collect()
}

#[test]
fn a_log_that_breaks_off_anywhere_gives_the_last_whole_world_before() {
    let (folder, log, worlds) = story();
    let (file, ends) = (folder.path().join(LOG), ends(&log));
    assert_eq!(ends.len(), worlds.len());
    for length in 0..=log.len() {
        let whole = ends.iter().filter(|end| **end <= length).count();
        fs::write(&file, &log[..length]).unwrap();
        match (read::read(&file), whole.checked_sub(1)) {
            (Ok(read), Some(last)) => {
                let world = read.world.to_bytes().unwrap();
                assert!(world == worlds[last], "cut at {length}");
                let whole_bytes = usize::try_from(read.bytes).unwrap();
                assert_eq!(whole_bytes, ends[last], "cut at {length}");
                assert_eq!(read.torn_bytes.is_some(), length > whole_bytes);
            }
            (Err(Unreadable::Damaged(..)), None) => {}
            (other, _) => panic!("cut at {length}: {:?}", other.map(|_| "a world")),
        }
    }
    assert!(load(&folder, &log[..ends[2] + 40]).unwrap() == worlds[2]);
    let left = fs::read(&file).unwrap();
    assert_eq!(left.len(), ends[2], "the torn end is gone");
}

#[test]
fn damage_before_later_changes_is_refused_and_told() {
    let (folder, log, worlds) = story();
    let ends = ends(&log);
    let flip = |place: usize| {
        let mut log = log.clone();
        log[place] ^= 1;
        log
    };
    for place in [
        3,
        ends[0] / 2,
        ends[0] - 2,
        ends[0] + 20,
        ends[1] + 3,
        ends[2] - 2,
    ] {
        let refusal = load(&folder, &flip(place)).unwrap_err();
        assert!(
            matches!(refusal, StorageError::Damaged { .. }),
            "{place}: {refusal}"
        );
        let told = refusal.to_string();
        assert!(
            told.contains(LOG) && told.contains("move it away"),
            "{told}"
        );
        let left = fs::read(folder.path().join(LOG)).unwrap();
        assert!(left == flip(place), "it is left as it was");
    }
    // The last thing written may be torn: nobody was told that it is there.
    let world = load(&folder, &flip(ends[2] + 20)).unwrap();
    assert!(world == worlds[2]);
}

#[test]
fn a_set_that_lacks_a_line_is_refused() {
    let (folder, log, _) = story();
    let text = String::from_utf8(log.clone()).unwrap();
    let mut lines: Vec<_> = text.split_inclusive('\n').collect();
    lines.remove(lines.len() - 2);
    let refusal = load(&folder, lines.concat().as_bytes()).unwrap_err();
    assert!(matches!(refusal, StorageError::Damaged { .. }), "{refusal}");
}

#[test]
fn other_formats_are_told_apart() {
    let (folder, _, _) = story();
    let text = "[\"format\",999,null]";
    let line = format!("{:08x} {text}\n", crc32fast::hash(text.as_bytes()));
    let refusal = load(&folder, line.as_bytes()).unwrap_err();
    assert!(matches!(refusal, StorageError::Newer { found: 999, .. }));
    fs::remove_file(folder.path().join(LOG)).unwrap();
    fs::write(folder.path().join(EARLIER), "{}").unwrap();
    let refusal = Storage::open(folder.path()).unwrap().load().unwrap_err();
    assert!(matches!(refusal, StorageError::Earlier(_)), "{refusal}");
}

#[test]
fn saving_goes_on_where_reading_ended() {
    let (folder, log, worlds) = story();
    let torn = &log[..log.len() - 10];
    fs::write(folder.path().join(LOG), torn).unwrap();
    let mut storage = Storage::open(folder.path()).unwrap();
    let mut world = storage.load().unwrap().unwrap();
    assert!(world.to_bytes().unwrap() == worlds[2]);
    let organization = world.chance.id();
    world.issue_access_token(organization, Vec::new());
    storage.save_changes(&world.take_changes()).unwrap();
    drop(storage);
    let again = Storage::open(folder.path()).unwrap().load().unwrap();
    assert!(again.unwrap().to_bytes().unwrap() == world.to_bytes().unwrap());
}
