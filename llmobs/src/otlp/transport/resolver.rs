//! Look-ups of host names. A look-up blocks a thread until the system's resolver answers, which can take much longer
//! than the time limit of a request. Requests to one endpoint share a running look-up, so a name that does not resolve
//! occupies one thread and not one for each attempt.

use std::io;
use std::net::SocketAddr;
use std::net::ToSocketAddrs;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Context;
use std::task::Poll;
use std::vec;

use hyper_util::client::legacy::connect::dns::Name;
use tokio::sync::watch;
use tower_service::Service;

use crate::sync::Mutex;

/// A look-up that has ended: the addresses, or the text of the error.
type Answer = Result<Vec<SocketAddr>, String>;

/// The resolver of one endpoint.
#[derive(Clone)]
pub(super) struct Resolver {
    look_up: fn(&str) -> io::Result<Vec<SocketAddr>>,
    running: Arc<Mutex<Option<LookUp>>>,
}

/// A look-up that is running or has ended.
struct LookUp {
    name: Name,
    /// The answer; `None` while the look-up is running.
    answer: watch::Receiver<Option<Answer>>,
}

impl Resolver {
    /// Returns a resolver that asks the operating system.
    pub(super) fn system() -> Self {
        Self::new(|name| Ok((name, 0).to_socket_addrs()?.collect()))
    }

    fn new(look_up: fn(&str) -> io::Result<Vec<SocketAddr>>) -> Self {
        Self { look_up, running: Arc::default() }
    }

    /// Returns the receiver of the running look-up of this name, or starts one.
    fn answer(&self, name: Name) -> watch::Receiver<Option<Answer>> {
        let mut running = self.running.lock();
        if let Some(look_up) = &*running
            && look_up.name == name
            && look_up.answer.has_changed().is_ok_and(|has_ended| !has_ended)
        {
            return look_up.answer.clone();
        }
        let (sender, answer) = watch::channel(None);
        let (look_up, text) = (self.look_up, name.as_str().to_owned());
        tokio::task::spawn_blocking(move || {
            let answer = look_up(&text).map_err(|error| error.to_string());
            // An error means that the resolver and all its requests were dropped.
            let _ = sender.send(Some(answer));
        });
        *running = Some(LookUp { name, answer: answer.clone() });
        answer
    }
}

impl Service<Name> for Resolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let mut receiver = self.answer(name);
        Box::pin(async move {
            let answer = receiver.wait_for(Option::is_some).await.map_err(io::Error::other)?.clone();
            let addresses = answer.unwrap_or_else(|| Ok(Vec::new())).map_err(io::Error::other)?;
            Ok(addresses.into_iter())
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::sync::atomic::Ordering;
    use std::time::Duration;

    use super::*;

    static LOOK_UPS: AtomicUsize = AtomicUsize::new(0);

    fn slow(name: &str) -> io::Result<Vec<SocketAddr>> {
        LOOK_UPS.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(100));
        match name {
            "known" => Ok(vec![SocketAddr::from(([127, 0, 0, 1], 0))]),
            _ => Err(io::Error::other("the name does not resolve")),
        }
    }

    #[tokio::test]
    async fn requests_share_a_running_look_up_and_a_later_one_starts_another() {
        let mut resolver = Resolver::new(slow);
        let name = |text: &str| text.parse::<Name>().unwrap();
        let abandoned = resolver.call(name("known"));
        let waiting: Vec<_> = (0..10).map(|_| resolver.call(name("known"))).collect();
        drop(abandoned);
        for answer in waiting {
            assert_eq!(answer.await.unwrap().len(), 1);
        }
        assert_eq!(LOOK_UPS.load(Ordering::Relaxed), 1);
        assert_eq!(resolver.call(name("known")).await.unwrap().len(), 1);
        assert_eq!(LOOK_UPS.load(Ordering::Relaxed), 2, "an answer is not reused after its look-up ended");
        let error = resolver.call(name("unknown")).await.unwrap_err();
        assert_eq!(error.to_string(), "the name does not resolve");
    }
}
