//! Steps around model calls.

use llmobs::ErrorType;
use llmobs::Failure;
use llmobs::Provider;
use llmobs::content::Document;
use llmobs::content::Message;
use serde_json::json;

use super::Application;
use super::calls::Talkative;

impl Application {
    pub fn steps(&self) {
        let cause = Talkative(self.of("failure.cause").to_owned());
        let failure = || Failure::new(ErrorType::Tool).message(self.of("step.failure")).caused_by(&cause);
        let observer = &self.observer;
        let tool = observer.execute_tool("clock").call_id(self.of("tool.call")).conversation(self.of("conversation"));
        let step = tool.clone().start();
        step.arguments(|| json!({"zone": self.of("step.arguments"), "note": self.gold()}));
        step.result(|| json!([self.of("step.result"), self.gold()]));
        step.complete();
        tool.start().fail(failure());
        let step = observer.retrieval(self.of("data_source")).top_k(3).start();
        step.query(|| format!("Where is {}? {}", self.of("step.query"), self.gold()));
        step.documents(|| [Document::new(self.of("step.document"), 0.5), Document::new(self.gold(), 0.4)]);
        step.complete();
        observer.retrieval(self.of("data_source")).start().fail(failure());
        let agent = observer.invoke_agent("helper").conversation(self.of("conversation"));
        let agent = agent.id(self.of("agent.id"), None).data_source(self.of("data_source"));
        let provider = Provider::OpenAi;
        let step = agent.provider(&provider).start();
        step.input(|| format!("Find {}. {}", self.of("step.input"), self.gold()));
        step.output(|| [Message::assistant().part(self.of("step.output")).part(self.gold().as_str())]);
        step.fail(failure());
        observer.create_agent("helper").id(self.of("agent.id")).start().fail(failure());
        observer.invoke_workflow("answer").conversation(self.of("conversation")).start().fail(failure());
        observer.database("qdrant", "search", "docs").start().fail(failure());
    }
}
