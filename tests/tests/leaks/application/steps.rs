//! Steps around model calls.

use llmobs::ErrorType;
use llmobs::Failure;
use llmobs::Provider;
use llmobs::content::Document;
use llmobs::content::Message;
use serde_json::json;

use super::Application;
use super::calls::VerboseError;

impl Application {
    pub fn run_steps(&self) {
        let cause = VerboseError(self.canary("failure.cause").to_owned());
        let failure = || Failure::new(ErrorType::Tool).message(self.canary("step.failure")).caused_by(&cause);
        let observer = &self.observer;
        let tool =
            observer.execute_tool("clock").call_id(self.canary("tool.call")).conversation(self.canary("conversation"));
        let step = tool.clone().start();
        step.arguments(|| json!({"zone": self.canary("step.arguments"), "note": self.secrets()}));
        step.result(|| json!([self.canary("step.result"), self.secrets()]));
        step.complete();
        tool.start().fail(failure());
        let step = observer.retrieval(self.canary("data_source")).top_k(3).start();
        step.query(|| format!("Where is {}? {}", self.canary("step.query"), self.secrets()));
        step.documents(|| [Document::new(self.canary("step.document"), 0.5), Document::new(self.secrets(), 0.4)]);
        step.complete();
        observer.retrieval(self.canary("data_source")).start().fail(failure());
        let agent = observer.invoke_agent("helper").conversation(self.canary("conversation"));
        let agent = agent.id(self.canary("agent.id"), None).data_source(self.canary("data_source"));
        let provider = Provider::OpenAi;
        let step = agent.provider(&provider).start();
        step.input(|| format!("Find {}. {}", self.canary("step.input"), self.secrets()));
        step.output(|| [Message::assistant().part(self.canary("step.output")).part(self.secrets().as_str())]);
        step.fail(failure());
        observer.create_agent("helper").id(self.canary("agent.id")).start().fail(failure());
        observer.invoke_workflow("answer").conversation(self.canary("conversation")).start().fail(failure());
        observer.database("qdrant", "search", "docs").start().fail(failure());
    }
}
