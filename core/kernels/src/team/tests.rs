use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use rayon::{ThreadPool, ThreadPoolBuilder};

use super::{alone, for_each, lead};

fn pool(threads: usize) -> ThreadPool {
    ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}

/// What tasks have added up that each add their number.
fn sum(tasks: usize) -> usize {
    let sum = AtomicUsize::new(0);
    for_each((0..tasks).collect(), |task| {
        sum.fetch_add(task, Ordering::Relaxed);
    });
    sum.into_inner()
}

#[test]
fn every_task_runs_once_in_each_of_many_jobs() {
    for threads in [1, 2, 5] {
        pool(threads).install(|| {
            assert_eq!([sum(0), sum(1), sum(100)], [0, 0, 4950], "{threads} threads, no leader");
            lead(|| {
                for tasks in (0..2_000).map(|job| job % 37) {
                    assert_eq!(sum(tasks), tasks * tasks.saturating_sub(1) / 2, "{threads} threads");
                }
            });
        });
    }
}

#[test]
fn what_tasks_write_is_there_afterwards() {
    let mut squares = vec![0; 1_000];

    lead(|| {
        for round in 0..50 {
            let tasks = squares.iter_mut().enumerate().collect();
            for_each(tasks, |(index, square): (usize, &mut usize)| *square += index * index + round);
        }
    });

    for (index, square) in squares.into_iter().enumerate() {
        assert_eq!(square, 50 * index * index + 49 * 50 / 2);
    }
}

#[test]
fn a_panic_reaches_who_shared_the_task_out_and_the_team_goes_on() {
    pool(3).install(|| {
        lead(|| {
            for bad in 0..40 {
                let run = || for_each((0..40).collect(), |task| assert_ne!(task, bad));
                assert!(catch_unwind(AssertUnwindSafe(run)).is_err(), "{bad}");
                assert_eq!(sum(40), 780);
            }
        });
    });
}

#[test]
fn a_task_may_share_out_tasks_of_its_own() {
    pool(2).install(|| {
        let total = AtomicUsize::new(0);

        lead(|| {
            for_each(vec![10, 20, 30], |tasks| {
                total.fetch_add(sum(tasks), Ordering::Relaxed);
            });
        });

        assert_eq!(total.into_inner(), 45 + 190 + 435);
    });
}

#[test]
fn nobody_waits_for_a_thread_that_is_busy_otherwise() {
    let pool = pool(2);
    let (started, has_started) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    pool.spawn(move || {
        started.send(()).unwrap();
        let _ = released.recv();
    });
    has_started.recv().unwrap();

    let total = pool.install(|| lead(|| sum(100)));

    assert_eq!(total, 4950);
    drop(release);
}

#[test]
fn a_thread_that_is_alone_shares_nothing_out() {
    let threads = pool(3).install(|| {
        let here = std::thread::current().id();
        let elsewhere = AtomicUsize::new(0);
        alone(|| {
            assert_eq!(super::threads(), 1);
            for_each((0..1000).collect(), |_: usize| {
                elsewhere.fetch_add(usize::from(std::thread::current().id() != here), Ordering::Relaxed);
            });
        });
        assert_eq!(elsewhere.into_inner(), 0);
        super::threads()
    });

    assert_eq!(threads, 3);
}
