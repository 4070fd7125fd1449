BEGIN TRANSACTION;
CREATE TABLE banditgen_alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT banditgen_alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "banditgen_alembic_version" VALUES('5');
CREATE TABLE banditgen_arm_events (
	id TEXT NOT NULL, 
	created_at FLOAT NOT NULL, 
	scope TEXT NOT NULL, 
	arm_id TEXT NOT NULL, 
	event TEXT NOT NULL, 
	detail JSON NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE banditgen_arms (
	arm_id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	model TEXT NOT NULL, 
	settings JSON NOT NULL, 
	parents JSON NOT NULL, 
	origin TEXT NOT NULL, 
	created_at FLOAT NOT NULL, 
	PRIMARY KEY (arm_id)
);
INSERT INTO "banditgen_arms" VALUES('188f4b640ef9','arm0','model0:latest','{"model": "model0:latest", "temperature": 0.1, "max_tokens": 4000}','[]','strategy',1.79569675591311287872e+09);
INSERT INTO "banditgen_arms" VALUES('956eb4777bb3','arm1','model0:latest','{"model": "model0:latest", "temperature": 0.5, "max_tokens": 4000}','[]','strategy',1.79569675591311287872e+09);
INSERT INTO "banditgen_arms" VALUES('c798e64c27c6','arm3','model1:latest','{"model": "model1:latest", "temperature": 0.5, "max_tokens": 4000}','[]','strategy',1.79569675591311287872e+09);
INSERT INTO "banditgen_arms" VALUES('b2074694e7de','arm2','model1:latest','{"model": "model1:latest", "temperature": 0.1, "max_tokens": 4000}','[]','strategy',1.79569675602164530755e+09);
CREATE TABLE banditgen_codes (
	hash TEXT NOT NULL, 
	content BLOB NOT NULL, 
	PRIMARY KEY (hash)
);
INSERT INTO "banditgen_codes" VALUES('602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1',X'486572653A0A606060707974686F6E0A7072696E742827EDB3BF00C3A9F09D849E3C2F7363726970743EE280AE27290D0A1B5B33316D606060');
INSERT INTO "banditgen_codes" VALUES('97ef0a5efb16109461ed9fe2279c1c611b3b10423c9ee740461934f8a48897d5',X'7072696E742827EDB3BF00C3A9F09D849E3C2F7363726970743EE280AE27290D0A1B5B33316D');
INSERT INTO "banditgen_codes" VALUES('dbe37ac31a72d7ea53b9ebee11146250c80c9f28852885229dcf56019ea1f465',X'78203D20300A');
INSERT INTO "banditgen_codes" VALUES('9e26bf369911c45c243c684147b23fc9e1dcfcf257d299a1c632016a6fcd33f4',X'78203D20310A');
INSERT INTO "banditgen_codes" VALUES('2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881',X'78');
CREATE TABLE banditgen_decisions (
	id TEXT NOT NULL, 
	created_at FLOAT NOT NULL, 
	task_type TEXT NOT NULL, 
	arms JSON NOT NULL, 
	propensities JSON, 
	policy TEXT NOT NULL, 
	strategy TEXT, 
	seed BIGINT, 
	detail JSON NOT NULL, 
	answered BOOLEAN DEFAULT 0 NOT NULL, 
	race_id TEXT DEFAULT '' NOT NULL, 
	step INTEGER DEFAULT '0' NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "banditgen_decisions" VALUES('01a217de-04b8-7f40-a90b-433b84457548',1.79569675591311287872e+09,'numeric','[{"name": "arm3", "arm_id": "c798e64c27c6", "model": "model1:latest", "temperature": 0.5, "max_tokens": 4000}, {"name": "arm1", "arm_id": "956eb4777bb3", "model": "model0:latest", "temperature": 0.5, "max_tokens": 4000}, {"name": "arm0", "arm_id": "188f4b640ef9", "model": "model0:latest", "temperature": 0.1, "max_tokens": 4000}]','{"arm0": 0.6906249999999999, "arm1": 0.816796875, "arm2": 0.7388671874999999, "arm3": 0.7537109375}','best_set','balanced',1742692732,'{"k": 3, "exploration": 0.05, "particles": 256, "set_probability": 0.2611328125, "policy_version": "best_set-2(16,2,0.5,4)", "weights": {"quality": 0.7, "speed": 0.3}, "eligible": {"arm0": "188f4b640ef9", "arm1": "956eb4777bb3", "arm2": "b2074694e7de", "arm3": "c798e64c27c6"}, "on_trial": null, "exploit": false, "explanation": {"words": "arm3: expected reward 0.50 (95 % between 0.00 and 1.00) after 0 outcomes; the best arm with chance 25%; in the race with chance 75%\narm1: expected reward 0.50 (95 % between 0.00 and 1.00) after 0 outcomes; the best arm with chance 25%; in the race with chance 82%\narm0: expected reward 0.50 (95 % between 0.00 and 1.00) after 0 outcomes; the best arm with chance 26%; in the race with chance 69%\nrunner-up arm2: expected 0.50, in the race with chance 74%\nthis very set had chance 26.1%; 5% of decisions are drawn at random to keep learning", "chosen": [{"name": "arm3", "outcomes": 0.0, "expected": 0.5, "low": 0.0032569141247228224, "high": 0.9974083849956753, "chance_best": 0.251, "soft": 0.0}, {"name": "arm1", "outcomes": 0.0, "expected": 0.5, "low": 0.004959730295796543, "high": 0.9955412720102371, "chance_best": 0.246, "soft": 0.0}, {"name": "arm0", "outcomes": 0.0, "expected": 0.5, "low": 0.002468039367553741, "high": 0.9967333929167672, "chance_best": 0.261, "soft": 0.0}], "runner_up": {"name": "arm2", "outcomes": 0.0, "expected": 0.5, "low": 0.0032272186285929975, "high": 0.9966497346793103, "chance_best": 0.242, "soft": 0.0}, "propensities": {"arm0": 0.6906249999999999, "arm1": 0.816796875, "arm2": 0.7388671874999999, "arm3": 0.7537109375}}, "strategy_hash": "82a0ceb03942", "start_weights": {"quality": 0.7, "speed": 0.3}, "strategy_weights": {"quality": 0.7, "speed": 0.3}}',1,'01a217de-04b8-7f40-a90b-433b84457548',0);
INSERT INTO "banditgen_decisions" VALUES('01a217de-0535-7912-92a1-2637d3d8a9fa',1.79569675602164530755e+09,'text','[{"name": "arm3", "arm_id": "c798e64c27c6", "model": "model1:latest", "temperature": 0.5, "max_tokens": 4000}, {"name": "arm2", "arm_id": "b2074694e7de", "model": "model1:latest", "temperature": 0.1, "max_tokens": 4000}, {"name": "arm0", "arm_id": "188f4b640ef9", "model": "model0:latest", "temperature": 0.1, "max_tokens": 4000}]','{"arm0": 0.772265625, "arm1": 0.7537109375, "arm2": 0.668359375, "arm3": 0.8056640624999999}','best_set','balanced',183930185,'{"k": 3, "exploration": 0.05, "particles": 256, "set_probability": 0.2462890625, "policy_version": "best_set-2(16,2,0.5,4)", "weights": {"quality": 0.7, "speed": 0.3}, "eligible": {"arm0": "188f4b640ef9", "arm1": "956eb4777bb3", "arm2": "b2074694e7de", "arm3": "c798e64c27c6"}, "on_trial": null, "exploit": false, "explanation": {"words": "arm3: expected reward 0.51 (95 % between 0.01 and 0.99) after 0 outcomes; the best arm with chance 26%; in the race with chance 81%\narm2: expected reward 0.50 (95 % between 0.00 and 1.00) after 0 outcomes; the best arm with chance 26%; in the race with chance 67%\narm0: expected reward 0.52 (95 % between 0.01 and 0.99) after 0 outcomes; the best arm with chance 27%; in the race with chance 77%\nrunner-up arm1: expected 0.47, in the race with chance 75%\nthis very set had chance 24.6%; 5% of decisions are drawn at random to keep learning", "chosen": [{"name": "arm3", "outcomes": 0.0, "expected": 0.5133316544043683, "low": 0.012359085576143316, "high": 0.9920615101527945, "chance_best": 0.26, "soft": 0.0}, {"name": "arm2", "outcomes": 0.0, "expected": 0.5, "low": 0.0032272186285929975, "high": 0.9966497346793103, "chance_best": 0.2595, "soft": 0.0}, {"name": "arm0", "outcomes": 0.0, "expected": 0.5164201826876327, "low": 0.010379848585367925, "high": 0.9909085883793715, "chance_best": 0.2725, "soft": 0.0}], "runner_up": {"name": "arm1", "outcomes": 0.0, "expected": 0.4690822919246053, "low": 0.010304755961448503, "high": 0.982409309968593, "chance_best": 0.208, "soft": 0.0}, "propensities": {"arm0": 0.772265625, "arm1": 0.7537109375, "arm2": 0.668359375, "arm3": 0.8056640624999999}}, "strategy_hash": "82a0ceb03942", "start_weights": {"quality": 0.7, "speed": 0.3}, "strategy_weights": {"quality": 0.7, "speed": 0.3}}',1,'01a217de-0535-7912-92a1-2637d3d8a9fa',0);
INSERT INTO "banditgen_decisions" VALUES('01a217de-05b7-7f0e-95ef-b592e56e97be',1.79569675615171933172e+09,'text','[{"name": "arm3", "arm_id": "c798e64c27c6", "model": "model1:latest", "temperature": 0.5, "max_tokens": 4000}, {"name": "arm1", "arm_id": "956eb4777bb3", "model": "model0:latest", "temperature": 0.5, "max_tokens": 4000}, {"name": "arm2", "arm_id": "b2074694e7de", "model": "model1:latest", "temperature": 0.1, "max_tokens": 4000}]','{"arm0": 0.5384765625, "arm1": 0.5533203124999999, "arm2": 0.9763671875, "arm3": 0.9318359374999999}','best_set','balanced',385346042,'{"k": 3, "exploration": 0.05, "particles": 256, "set_probability": 0.46152343749999997, "policy_version": "best_set-2(16,2,0.5,4)", "weights": {"quality": 0.7, "speed": 0.3}, "eligible": {"arm0": "188f4b640ef9", "arm1": "956eb4777bb3", "arm2": "b2074694e7de", "arm3": "c798e64c27c6"}, "on_trial": null, "exploit": false, "explanation": {"words": "arm3: expected reward 0.36 (95 % between 0.01 and 0.73) after 1 outcomes; the best arm with chance 30%; in the race with chance 93%\narm1: expected reward 0.29 (95 % between 0.04 and 0.61) after 0 outcomes; the best arm with chance 12%; in the race with chance 55%\narm2: expected reward 0.39 (95 % between 0.02 and 0.73) after 1 outcomes; the best arm with chance 35%; in the race with chance 98%\nrunner-up arm0: expected 0.31, in the race with chance 54%\nthis very set had chance 46.2%; 5% of decisions are drawn at random to keep learning", "chosen": [{"name": "arm3", "outcomes": 1.0, "expected": 0.35770060840421963, "low": 0.011717785687728716, "high": 0.7285604114462724, "chance_best": 0.3015, "soft": 0.0}, {"name": "arm1", "outcomes": 0.0, "expected": 0.2869531949489181, "low": 0.0400772541382102, "high": 0.6114950102149244, "chance_best": 0.1215, "soft": 0.0}, {"name": "arm2", "outcomes": 1.0, "expected": 0.39373432712340445, "low": 0.017749220187949936, "high": 0.7321612546251924, "chance_best": 0.351, "soft": 0.0}], "runner_up": {"name": "arm0", "outcomes": 1.0, "expected": 0.3063781214680521, "low": 0.003588267674276216, "high": 0.7190107566429471, "chance_best": 0.226, "soft": 0.0}, "propensities": {"arm0": 0.5384765625, "arm1": 0.5533203124999999, "arm2": 0.9763671875, "arm3": 0.9318359374999999}}, "strategy_hash": "82a0ceb03942", "start_weights": {"quality": 0.7, "speed": 0.3}, "strategy_weights": {"quality": 0.7, "speed": 0.3}}',1,'01a217de-05b7-7f0e-95ef-b592e56e97be',0);
INSERT INTO "banditgen_decisions" VALUES('01a217de-060d-7815-9a36-226bbef486fe',1.79569675623740482328e+09,'numeric','[{"name": "arm3", "arm_id": "c798e64c27c6", "model": "model1:latest", "temperature": 0.5, "max_tokens": 4000}, {"name": "arm2", "arm_id": "b2074694e7de", "model": "model1:latest", "temperature": 0.1, "max_tokens": 4000}, {"name": "arm0", "arm_id": "188f4b640ef9", "model": "model0:latest", "temperature": 0.1, "max_tokens": 4000}]','{"arm0": 0.8205078124999999, "arm1": 0.37519531250000004, "arm2": 0.8724609375, "arm3": 0.9318359374999999}','best_set','balanced',508546690,'{"k": 3, "exploration": 0.05, "particles": 256, "set_probability": 0.6248046875, "policy_version": "best_set-2(16,2,0.5,4)", "weights": {"quality": 0.7, "speed": 0.3}, "eligible": {"arm0": "188f4b640ef9", "arm1": "956eb4777bb3", "arm2": "b2074694e7de", "arm3": "c798e64c27c6"}, "on_trial": null, "exploit": false, "explanation": {"words": "arm3: expected reward 0.44 (95 % between 0.03 and 0.73) after 1 outcomes; the best arm with chance 30%; in the race with chance 93%\narm2: expected reward 0.48 (95 % between 0.14 and 0.72) after 0 outcomes; the best arm with chance 27%; in the race with chance 87%\narm0: expected reward 0.40 (95 % between 0.02 and 0.75) after 1 outcomes; the best arm with chance 25%; in the race with chance 82%\nrunner-up arm1: expected 0.35, in the race with chance 38%\nthis very set had chance 62.5%; 5% of decisions are drawn at random to keep learning", "chosen": [{"name": "arm3", "outcomes": 1.0, "expected": 0.4403310221287118, "low": 0.02728395855554892, "high": 0.7329147558995018, "chance_best": 0.302, "soft": 0.0}, {"name": "arm2", "outcomes": 0.0, "expected": 0.479037786682109, "low": 0.14484412554751736, "high": 0.7219467214399434, "chance_best": 0.272, "soft": 0.0}, {"name": "arm0", "outcomes": 1.0, "expected": 0.3992632181458709, "low": 0.015280253528304848, "high": 0.7460747151646142, "chance_best": 0.2535, "soft": 0.0}], "runner_up": {"name": "arm1", "outcomes": 1.0, "expected": 0.3542931726485327, "low": 0.014922917400304804, "high": 0.728565070750277, "chance_best": 0.1725, "soft": 0.0}, "propensities": {"arm0": 0.8205078124999999, "arm1": 0.37519531250000004, "arm2": 0.8724609375, "arm3": 0.9318359374999999}}, "strategy_hash": "82a0ceb03942", "start_weights": {"quality": 0.7, "speed": 0.3}, "strategy_weights": {"quality": 0.7, "speed": 0.3}}',1,'01a217de-060d-7815-9a36-226bbef486fe',0);
INSERT INTO "banditgen_decisions" VALUES('01a217de-0665-7388-9aa8-993e97303f29',1.79569675632623410228e+09,'text','[{"name": "arm2", "arm_id": "b2074694e7de", "model": "model1:latest", "temperature": 0.1, "max_tokens": 4000}, {"name": "arm0", "arm_id": "188f4b640ef9", "model": "model0:latest", "temperature": 0.1, "max_tokens": 4000}, {"name": "arm3", "arm_id": "c798e64c27c6", "model": "model1:latest", "temperature": 0.5, "max_tokens": 4000}]','{"arm0": 0.5458984375, "arm1": 0.549609375, "arm2": 0.9800781249999999, "arm3": 0.9244140624999999}','best_set','balanced',389477915,'{"k": 3, "exploration": 0.05, "particles": 256, "set_probability": 0.450390625, "policy_version": "best_set-2(16,2,0.5,4)", "weights": {"quality": 0.7, "speed": 0.3}, "eligible": {"arm0": "188f4b640ef9", "arm1": "956eb4777bb3", "arm2": "b2074694e7de", "arm3": "c798e64c27c6"}, "on_trial": null, "exploit": false, "explanation": {"words": "arm2: expected reward 0.50 (95 % between 0.11 and 0.74) after 2 outcomes; the best arm with chance 42%; in the race with chance 98%\narm0: expected reward 0.38 (95 % between 0.03 and 0.71) after 1 outcomes; the best arm with chance 19%; in the race with chance 55%\narm3: expected reward 0.45 (95 % between 0.08 and 0.71) after 2 outcomes; the best arm with chance 28%; in the race with chance 92%\nrunner-up arm1: expected 0.38, in the race with chance 55%\nthis very set had chance 45.0%; 5% of decisions are drawn at random to keep learning", "chosen": [{"name": "arm2", "outcomes": 2.0, "expected": 0.5047880860053443, "low": 0.11480587696614719, "high": 0.7408252720631117, "chance_best": 0.4185, "soft": 0.0}, {"name": "arm0", "outcomes": 1.0, "expected": 0.38017552829945206, "low": 0.03096138339753472, "high": 0.712337261697681, "chance_best": 0.19, "soft": 0.0}, {"name": "arm3", "outcomes": 2.0, "expected": 0.44617437453490294, "low": 0.07931109876133816, "high": 0.7131950016119561, "chance_best": 0.2775, "soft": 0.0}], "runner_up": {"name": "arm1", "outcomes": 0.0, "expected": 0.38391846375518723, "low": 0.10289765434239945, "high": 0.659829566275348, "chance_best": 0.114, "soft": 0.0}, "propensities": {"arm0": 0.5458984375, "arm1": 0.549609375, "arm2": 0.9800781249999999, "arm3": 0.9244140624999999}}, "strategy_hash": "82a0ceb03942", "start_weights": {"quality": 0.7, "speed": 0.3}, "strategy_weights": {"quality": 0.7, "speed": 0.3}}',1,'01a217de-0665-7388-9aa8-993e97303f29',0);
INSERT INTO "banditgen_decisions" VALUES('01a217de-06c0-786a-b34d-aa38dc6d4601',1.79569675641687250141e+09,'text','[{"name": "arm2", "arm_id": "b2074694e7de", "model": "model1:latest", "temperature": 0.1, "max_tokens": 4000}, {"name": "arm3", "arm_id": "c798e64c27c6", "model": "model1:latest", "temperature": 0.5, "max_tokens": 4000}, {"name": "arm0", "arm_id": "188f4b640ef9", "model": "model0:latest", "temperature": 0.1, "max_tokens": 4000}]','{"arm0": 0.40859375, "arm1": 0.6164062499999999, "arm2": 0.9874999999999999, "arm3": 0.9874999999999999}','best_set','balanced',1720723811,'{"k": 3, "exploration": 0.05, "particles": 256, "set_probability": 0.38359375, "policy_version": "best_set-2(16,2,0.5,4)", "weights": {"quality": 0.7, "speed": 0.3}, "eligible": {"arm0": "188f4b640ef9", "arm1": "956eb4777bb3", "arm2": "b2074694e7de", "arm3": "c798e64c27c6"}, "on_trial": null, "exploit": false, "explanation": {"words": "arm2: expected reward 0.54 (95 % between 0.19 and 0.73) after 3 outcomes; the best arm with chance 50%; in the race with chance 99%\narm3: expected reward 0.49 (95 % between 0.14 and 0.72) after 3 outcomes; the best arm with chance 35%; in the race with chance 99%\narm0: expected reward 0.32 (95 % between 0.03 and 0.67) after 2 outcomes; the best arm with chance 8%; in the race with chance 41%\nrunner-up arm1: expected 0.33, in the race with chance 62%\nthis very set had chance 38.4%; 5% of decisions are drawn at random to keep learning", "chosen": [{"name": "arm2", "outcomes": 3.0, "expected": 0.5416077577922626, "low": 0.1932688202614644, "high": 0.7327206864055393, "chance_best": 0.4955, "soft": 0.0}, {"name": "arm3", "outcomes": 3.0, "expected": 0.4890006544796226, "low": 0.1423154361989776, "high": 0.7212246091677879, "chance_best": 0.353, "soft": 0.0}, {"name": "arm0", "outcomes": 2.0, "expected": 0.31555974988192587, "low": 0.027387707813968674, "high": 0.6662917042495107, "chance_best": 0.085, "soft": 0.0}], "runner_up": {"name": "arm1", "outcomes": 0.0, "expected": 0.33201658857776833, "low": 0.06809851306128631, "high": 0.6321276239218447, "chance_best": 0.0665, "soft": 0.0}, "propensities": {"arm0": 0.40859375, "arm1": 0.6164062499999999, "arm2": 0.9874999999999999, "arm3": 0.9874999999999999}}, "strategy_hash": "82a0ceb03942", "start_weights": {"quality": 0.7, "speed": 0.3}, "strategy_weights": {"quality": 0.7, "speed": 0.3}}',1,'01a217de-06c0-786a-b34d-aa38dc6d4601',0);
INSERT INTO "banditgen_decisions" VALUES('01a217de-0719-7890-8077-1b342fb7cef8',1.79569675650553297998e+09,'numeric','[{"name": "arm0", "arm_id": "188f4b640ef9", "model": "model0:latest", "temperature": 0.1, "max_tokens": 4000}, {"name": "arm3", "arm_id": "c798e64c27c6", "model": "model1:latest", "temperature": 0.5, "max_tokens": 4000}, {"name": "arm1", "arm_id": "956eb4777bb3", "model": "model0:latest", "temperature": 0.5, "max_tokens": 4000}]','{"arm0": 0.8279296875, "arm1": 0.33808593750000004, "arm2": 0.8724609375, "arm3": 0.9615234374999999}','best_set','balanced',1866662802,'{"k": 3, "exploration": 0.05, "particles": 256, "set_probability": 0.1275390625, "policy_version": "best_set-2(16,2,0.5,4)", "weights": {"quality": 0.7, "speed": 0.3}, "eligible": {"arm0": "188f4b640ef9", "arm1": "956eb4777bb3", "arm2": "b2074694e7de", "arm3": "c798e64c27c6"}, "on_trial": null, "exploit": false, "explanation": {"words": "arm0: expected reward 0.38 (95 % between 0.03 and 0.72) after 1.1 outcomes; the best arm with chance 22%; in the race with chance 83%\narm3: expected reward 0.44 (95 % between 0.05 and 0.73) after 1.1 outcomes; the best arm with chance 33%; in the race with chance 96%\narm1: expected reward 0.33 (95 % between 0.03 and 0.69) after 1 outcomes; the best arm with chance 13%; in the race with chance 34%\nrunner-up arm2: expected 0.44, in the race with chance 87%\nthis very set had chance 12.8%; 5% of decisions are drawn at random to keep learning", "chosen": [{"name": "arm0", "outcomes": 1.1, "expected": 0.3847919651493273, "low": 0.03195611905544209, "high": 0.7239279606554597, "chance_best": 0.2215, "soft": 0.0}, {"name": "arm3", "outcomes": 1.1, "expected": 0.4443294108187901, "low": 0.048251238218187505, "high": 0.725036061049621, "chance_best": 0.3345, "soft": 0.0}, {"name": "arm1", "outcomes": 1.0, "expected": 0.33075351400827635, "low": 0.027186524035940296, "high": 0.6919888372641874, "chance_best": 0.133, "soft": 0.0}], "runner_up": {"name": "arm2", "outcomes": 0.1, "expected": 0.44020899998717683, "low": 0.04456767941157892, "high": 0.7396848504334897, "chance_best": 0.311, "soft": 0.0}, "propensities": {"arm0": 0.8279296875, "arm1": 0.33808593750000004, "arm2": 0.8724609375, "arm3": 0.9615234374999999}}, "strategy_hash": "82a0ceb03942", "start_weights": {"quality": 0.7, "speed": 0.3}, "strategy_weights": {"quality": 0.7, "speed": 0.3}}',1,'01a217de-0719-7890-8077-1b342fb7cef8',0);
INSERT INTO "banditgen_decisions" VALUES('01a217de-076d-7390-9c53-01a350bcd63a',1.79569675658934497838e+09,'text','[{"name": "arm3", "arm_id": "c798e64c27c6", "model": "model1:latest", "temperature": 0.5, "max_tokens": 4000}, {"name": "arm2", "arm_id": "b2074694e7de", "model": "model1:latest", "temperature": 0.1, "max_tokens": 4000}, {"name": "arm0", "arm_id": "188f4b640ef9", "model": "model0:latest", "temperature": 0.1, "max_tokens": 4000}]','{"arm0": 0.5087890625, "arm1": 0.534765625, "arm2": 0.9726562499999999, "arm3": 0.9837890625}','best_set','balanced',1250183452,'{"k": 3, "exploration": 0.05, "particles": 256, "set_probability": 0.465234375, "policy_version": "best_set-2(16,2,0.5,4)", "weights": {"quality": 0.7, "speed": 0.3}, "eligible": {"arm0": "188f4b640ef9", "arm1": "956eb4777bb3", "arm2": "b2074694e7de", "arm3": "c798e64c27c6"}, "on_trial": null, "exploit": false, "explanation": {"words": "arm3: expected reward 0.48 (95 % between 0.08 and 0.73) after 1.3 outcomes; the best arm with chance 40%; in the race with chance 98%\narm2: expected reward 0.48 (95 % between 0.08 and 0.74) after 0.3 outcomes; the best arm with chance 40%; in the race with chance 97%\narm0: expected reward 0.32 (95 % between 0.02 and 0.69) after 1.2 outcomes; the best arm with chance 11%; in the race with chance 51%\nrunner-up arm1: expected 0.32, in the race with chance 53%\nthis very set had chance 46.5%; 5% of decisions are drawn at random to keep learning", "chosen": [{"name": "arm3", "outcomes": 1.3, "expected": 0.4771362932281407, "low": 0.08295859042169813, "high": 0.7311615594840758, "chance_best": 0.403, "soft": 0.0}, {"name": "arm2", "outcomes": 0.30000000000000004, "expected": 0.4802588828045502, "low": 0.0788468534743137, "high": 0.7357710065195374, "chance_best": 0.395, "soft": 0.0}, {"name": "arm0", "outcomes": 1.2, "expected": 0.31705463822459845, "low": 0.01873766410121133, "high": 0.6856606484213164, "chance_best": 0.1135, "soft": 0.0}], "runner_up": {"name": "arm1", "outcomes": 0.0, "expected": 0.3210169666254004, "low": 0.04640430708315831, "high": 0.6465759680744273, "chance_best": 0.0885, "soft": 0.0}, "propensities": {"arm0": 0.5087890625, "arm1": 0.534765625, "arm2": 0.9726562499999999, "arm3": 0.9837890625}}, "strategy_hash": "82a0ceb03942", "start_weights": {"quality": 0.7, "speed": 0.3}, "strategy_weights": {"quality": 0.7, "speed": 0.3}}',1,'01a217de-076d-7390-9c53-01a350bcd63a',0);
INSERT INTO "banditgen_decisions" VALUES('01a217de-0834-7c30-8cab-682a99e00759',1.79569675678861761093e+09,'text','[{"name": "arm2", "arm_id": "b2074694e7de", "model": "model1:latest", "temperature": 0.1, "max_tokens": 4000}, {"name": "arm1", "arm_id": "956eb4777bb3", "model": "model0:latest", "temperature": 0.5, "max_tokens": 4000}]','{"arm0": 0.12890625, "arm1": 0.269921875, "arm2": 0.8970703125, "arm3": 0.7041015625}','best_set','balanced',84608903,'{"k": 2, "exploration": 0.05, "particles": 256, "set_probability": 0.1864583333333333, "policy_version": "best_set-2(16,2,0.5,4)", "weights": {"quality": 0.7, "speed": 0.3}, "eligible": {"arm0": "188f4b640ef9", "arm1": "956eb4777bb3", "arm2": "b2074694e7de", "arm3": "c798e64c27c6"}, "on_trial": null, "exploit": false, "explanation": {"words": "arm2: expected reward 0.47 (95 % between 0.13 and 0.71) after 1.3 outcomes; the best arm with chance 42%; in the race with chance 90%\narm1: expected reward 0.32 (95 % between 0.06 and 0.63) after 0 outcomes; the best arm with chance 11%; in the race with chance 27%\nrunner-up arm3: expected 0.43, in the race with chance 70%\nthis very set had chance 18.6%; 5% of decisions are drawn at random to keep learning", "chosen": [{"name": "arm2", "outcomes": 1.3, "expected": 0.47143655198947765, "low": 0.1314315957943145, "high": 0.712199153465565, "chance_best": 0.4205, "soft": 0.0}, {"name": "arm1", "outcomes": 0.0, "expected": 0.32396124866570786, "low": 0.06086127341938116, "high": 0.6288602686941731, "chance_best": 0.1095, "soft": 0.0}], "runner_up": {"name": "arm3", "outcomes": 2.3, "expected": 0.43095004207731297, "low": 0.11038008816556513, "high": 0.6985585441165222, "chance_best": 0.3275, "soft": 0.0}, "propensities": {"arm0": 0.12890625, "arm1": 0.269921875, "arm2": 0.8970703125, "arm3": 0.7041015625}}, "strategy_hash": "82a0ceb03942", "start_weights": {"quality": 0.7, "speed": 0.3}, "strategy_weights": {"quality": 0.7, "speed": 0.3}}',0,'01a217de-0834-7c30-8cab-682a99e00759',0);
CREATE TABLE banditgen_feedback (
	id TEXT NOT NULL, 
	created_at FLOAT NOT NULL, 
	race_id TEXT, 
	result_id TEXT, 
	satisfaction FLOAT NOT NULL, 
	who TEXT, 
	why TEXT, 
	PRIMARY KEY (id)
);
INSERT INTO "banditgen_feedback" VALUES('01a217de-07a1-74bb-a34a-1e69d01591f2',1.79569675664148592953e+09,'01a217de-04b8-7f40-a90b-433b84457548','01a217de-04e4-79f9-bafa-157800a38d88',0.4,'ann','too slow 🐢');
INSERT INTO "banditgen_feedback" VALUES('01a217de-07dc-7f44-8ee3-a9c27fb2ac1f',1.7956967567002017498e+09,'01a217de-0535-7912-92a1-2637d3d8a9fa','01a217de-0553-746f-8be3-bdce89bf456a',1.0,NULL,NULL);
CREATE TABLE banditgen_measure_statistics (
	task_type TEXT NOT NULL, 
	arm_id TEXT NOT NULL, 
	model TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	measure TEXT NOT NULL, 
	shard INTEGER NOT NULL, 
	count BIGINT NOT NULL, 
	value FLOAT NOT NULL, 
	value_value FLOAT NOT NULL, 
	quality_value FLOAT NOT NULL, 
	speed_value FLOAT NOT NULL, 
	stamp BIGINT NOT NULL, 
	PRIMARY KEY (task_type, arm_id, model, digest, measure, shard)
);
CREATE TABLE banditgen_meta (
	"key" VARCHAR(40) NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "banditgen_meta" VALUES('schema_version','5');
CREATE TABLE banditgen_patterns (
	task_type TEXT NOT NULL, 
	hash TEXT NOT NULL, 
	shard INTEGER NOT NULL, 
	pattern TEXT NOT NULL, 
	count BIGINT NOT NULL, 
	stamp BIGINT NOT NULL, 
	PRIMARY KEY (task_type, hash, shard)
);
INSERT INTO "banditgen_patterns" VALUES('numeric','4c75ca832ff0969985c65d57dc7b5a56089bc1bdb155c687203057a4779b2a30',0,'[["188f4b640ef9", "", "passed"], ["956eb4777bb3", "", "failed"], ["c798e64c27c6", "", "passed"]]',1,3);
INSERT INTO "banditgen_patterns" VALUES('text','d4bbc4814d4381fe959ee03d0a27b6844ee6d7e11825236d090ca749311baf2a',0,'[["188f4b640ef9", "sha256:old-model0:latest", "failed"], ["b2074694e7de", "sha256:old-model1:latest", "passed"], ["c798e64c27c6", "sha256:old-model1:latest", "failed"]]',1,6);
INSERT INTO "banditgen_patterns" VALUES('text','f8e9ff06c446aca732d20be54fd7c4523ceadfb8bb912b5e085f2b43781f5a46',0,'[["b2074694e7de", "sha256:old-model1:latest", "passed"], ["c798e64c27c6", "sha256:old-model1:latest", "passed"]]',1,9);
INSERT INTO "banditgen_patterns" VALUES('numeric','d4bbc4814d4381fe959ee03d0a27b6844ee6d7e11825236d090ca749311baf2a',0,'[["188f4b640ef9", "sha256:old-model0:latest", "failed"], ["b2074694e7de", "sha256:old-model1:latest", "passed"], ["c798e64c27c6", "sha256:old-model1:latest", "failed"]]',1,12);
INSERT INTO "banditgen_patterns" VALUES('text','7494a5f1e94255eb23cefcc65e7c3798b71998f5995a4d3160dc038e1b94fc70',0,'[["188f4b640ef9", "sha256:old-model0:latest", "failed"], ["b2074694e7de", "sha256:old-model1:latest", "passed"], ["c798e64c27c6", "sha256:old-model1:latest", "passed"]]',1,15);
INSERT INTO "banditgen_patterns" VALUES('text','c5f78c4ea3570e1ad1ac6c7407ac6ae662e34023cae86e17653f2ca2670d17e6',0,'[["188f4b640ef9", "sha256:new-model0:latest", "failed"], ["c798e64c27c6", "sha256:new-model1:latest", "passed"]]',1,18);
INSERT INTO "banditgen_patterns" VALUES('numeric','450affaf62d777b59f8a9038caf2cba13d1d4cf52efbe1c03f72cdea2eccf74c',0,'[["188f4b640ef9", "sha256:new-model0:latest", "passed"], ["956eb4777bb3", "sha256:new-model0:latest", "passed"], ["c798e64c27c6", "sha256:new-model1:latest", "failed"]]',1,21);
INSERT INTO "banditgen_patterns" VALUES('text','7b465ba29bfc6ee5f209f8e14a658b901ea6262ce2fa09c4c691d4cef7f841a8',0,'[["b2074694e7de", "sha256:new-model1:latest", "passed"], ["c798e64c27c6", "sha256:new-model1:latest", "failed"]]',1,24);
CREATE TABLE banditgen_preferences (
	id TEXT NOT NULL, 
	created_at FLOAT NOT NULL, 
	race_id TEXT NOT NULL, 
	better_id TEXT NOT NULL, 
	worse_id TEXT NOT NULL, 
	who TEXT, 
	why TEXT, 
	PRIMARY KEY (id)
);
CREATE TABLE banditgen_races (
	id TEXT NOT NULL, 
	created_at FLOAT NOT NULL, 
	task_type TEXT NOT NULL, 
	task JSON NOT NULL, 
	best_id TEXT, 
	reason TEXT NOT NULL, 
	wall_seconds FLOAT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "banditgen_races" VALUES('01a217de-04b8-7f40-a90b-433b84457548',1.79569675595122408865e+09,'numeric','{"kind": "told"}','01a217de-04e4-79f9-bafa-157800a38d88','arm0 passed its tests and has the best combined score of 2 that did, 0.77',0.0);
INSERT INTO "banditgen_races" VALUES('01a217de-0535-7912-92a1-2637d3d8a9fa',1.79569675605260467531e+09,'text','{"kind": "told"}','01a217de-0553-746f-8be3-bdce89bf456a','arm2 alone of 3 passed its tests',0.0);
INSERT INTO "banditgen_races" VALUES('01a217de-05b7-7f0e-95ef-b592e56e97be',1.79569675616852545739e+09,'text','{"kind": "told"}','01a217de-05c7-7df9-9829-b4ba9ce7a406','arm2 passed its tests and has the best combined score of 2 that did, 0.77',0.0);
INSERT INTO "banditgen_races" VALUES('01a217de-060d-7815-9a36-226bbef486fe',1.79569675626058030131e+09,'numeric','{"kind": "told"}','01a217de-0623-7bef-b7cc-daf629fd6e55','arm2 alone of 3 passed its tests',0.0);
INSERT INTO "banditgen_races" VALUES('01a217de-0665-7388-9aa8-993e97303f29',1.79569675635248470306e+09,'text','{"kind": "told"}','01a217de-067f-7bc5-b0ee-4d6089b63ae6','arm3 passed its tests and has the best combined score of 2 that did, 0.77',0.0);
INSERT INTO "banditgen_races" VALUES('01a217de-06c0-786a-b34d-aa38dc6d4601',1.79569675643648529054e+09,'text','{"kind": "told"}','01a217de-06d3-7216-9f66-3d8c88909615','arm3 alone of 3 passed its tests',0.0);
INSERT INTO "banditgen_races" VALUES('01a217de-0719-7890-8077-1b342fb7cef8',1.79569675652448987965e+09,'numeric','{"kind": "told"}','01a217de-072b-7350-bbe5-cc974afd1d16','arm1 passed its tests and has the best combined score of 2 that did, 0.76',0.0);
INSERT INTO "banditgen_races" VALUES('01a217de-076d-7390-9c53-01a350bcd63a',1.79569675661253166194e+09,'text','{"kind": "told"}','01a217de-0783-7ac3-9241-6ec3aae362dc','arm2 alone of 3 passed its tests',0.0);
CREATE TABLE banditgen_results (
	seq INTEGER NOT NULL, 
	id TEXT NOT NULL, 
	created_at FLOAT NOT NULL, 
	race_id TEXT, 
	position INTEGER NOT NULL, 
	task_type TEXT NOT NULL, 
	arm_id TEXT NOT NULL, 
	arm_name TEXT NOT NULL, 
	model TEXT NOT NULL, 
	digest TEXT, 
	passed BOOLEAN NOT NULL, 
	informative BOOLEAN NOT NULL, 
	failure TEXT, 
	quality FLOAT NOT NULL, 
	speed FLOAT NOT NULL, 
	reward FLOAT NOT NULL, 
	code_hash TEXT, 
	text_hash TEXT, 
	result JSON NOT NULL, 
	step INTEGER DEFAULT '0' NOT NULL, 
	seconds FLOAT DEFAULT '0' NOT NULL, 
	tokens BIGINT, 
	price FLOAT, 
	prompt_version TEXT, 
	PRIMARY KEY (seq), 
	UNIQUE (id)
);
INSERT INTO "banditgen_results" VALUES(1,'01a217de-04e4-79f9-bafa-157800a38d88',1.79569675595122408865e+09,'01a217de-04b8-7f40-a90b-433b84457548',0,'numeric','188f4b640ef9','arm0','model0:latest',NULL,1,1,NULL,6.79999999999999937827e-01,0.975,0.7685,'dbe37ac31a72d7ea53b9ebee11146250c80c9f28852885229dcf56019ea1f465','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm0", "generation_time": 0.5, "model_used": "model0:latest", "temperature": 0.1, "test_passed": true, "test_time": 0.0, "quality_score": 0.6799999999999999, "execution_time": 0.5, "combined_score": 0.7685, "success": true, "error": null, "failure": null, "verified": true, "speed_score": 0.975, "reward": 0.7685, "measures": {}, "timings": null, "id": "01a217de-04e4-79f9-bafa-157800a38d88", "arm_id": "188f4b640ef9", "node_id": "", "digest": null, "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null, "tools": {}}',0,0.5,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(2,'01a217de-04e4-71ce-8231-9d86e9b96d65',1.79569675595122408865e+09,'01a217de-04b8-7f40-a90b-433b84457548',1,'numeric','c798e64c27c6','arm3','model1:latest',NULL,1,1,NULL,0.6,0.995,7.18499999999999916511e-01,'97ef0a5efb16109461ed9fe2279c1c611b3b10423c9ee740461934f8a48897d5','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm3", "generation_time": 0.5, "model_used": "model1:latest", "temperature": 0.5, "test_passed": true, "test_time": 0.0, "quality_score": 0.6, "execution_time": 0.0, "combined_score": 0.7184999999999999, "success": true, "error": null, "failure": null, "verified": true, "speed_score": 0.995, "reward": 0.7184999999999999, "measures": {}, "timings": null, "id": "01a217de-04e4-71ce-8231-9d86e9b96d65", "arm_id": "c798e64c27c6", "node_id": "", "digest": null, "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null, "tools": {}}',0,0.5,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(3,'01a217de-04e4-7005-852b-af292a84b4e4',1.79569675595122408865e+09,'01a217de-04b8-7f40-a90b-433b84457548',2,'numeric','956eb4777bb3','arm1','model0:latest',NULL,0,1,'error',0.3,0.0,0.0,'dbe37ac31a72d7ea53b9ebee11146250c80c9f28852885229dcf56019ea1f465','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm1", "generation_time": 0.5, "model_used": "model0:latest", "temperature": 0.5, "test_passed": false, "test_time": 0.0, "quality_score": 0.3, "execution_time": 0.25, "combined_score": 0.21, "success": true, "error": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "failure": "error", "verified": true, "speed_score": 0.0, "reward": 0.0, "measures": {}, "timings": null, "id": "01a217de-04e4-7005-852b-af292a84b4e4", "arm_id": "956eb4777bb3", "node_id": "", "digest": null, "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null, "tools": {}}',0,0.5,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(4,'01a217de-0553-746f-8be3-bdce89bf456a',1.79569675605260467531e+09,'01a217de-0535-7912-92a1-2637d3d8a9fa',0,'text','b2074694e7de','arm2','model1:latest','sha256:old-model1:latest',1,1,NULL,0.64,0.9825,0.74275,'9e26bf369911c45c243c684147b23fc9e1dcfcf257d299a1c632016a6fcd33f4','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm2", "generation_time": 0.75, "model_used": "model1:latest", "temperature": 0.1, "test_passed": true, "test_time": 0.0, "quality_score": 0.64, "execution_time": 0.25, "combined_score": 0.74275, "success": true, "error": null, "failure": null, "verified": true, "speed_score": 0.9825, "reward": 0.74275, "measures": {}, "timings": null, "id": "01a217de-0553-746f-8be3-bdce89bf456a", "arm_id": "b2074694e7de", "node_id": "", "digest": "sha256:old-model1:latest", "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null, "tools": {}}',0,0.75,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(5,'01a217de-0553-7263-a71d-3bcd77a601f1',1.79569675605260467531e+09,'01a217de-0535-7912-92a1-2637d3d8a9fa',1,'text','188f4b640ef9','arm0','model0:latest','sha256:old-model0:latest',0,1,'refused',0.3,0.0,0.0,'9e26bf369911c45c243c684147b23fc9e1dcfcf257d299a1c632016a6fcd33f4','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm0", "generation_time": 0.75, "model_used": "model0:latest", "temperature": 0.1, "test_passed": false, "test_time": 0.0, "quality_score": 0.3, "execution_time": 0.5, "combined_score": 0.21, "success": true, "error": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "failure": "refused", "verified": true, "speed_score": 0.0, "reward": 0.0, "measures": {}, "timings": null, "id": "01a217de-0553-7263-a71d-3bcd77a601f1", "arm_id": "188f4b640ef9", "node_id": "", "digest": "sha256:old-model0:latest", "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null, "tools": {}}',0,0.75,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(6,'01a217de-0553-709b-b64e-025cff46ed95',1.79569675605260467531e+09,'01a217de-0535-7912-92a1-2637d3d8a9fa',2,'text','c798e64c27c6','arm3','model1:latest','sha256:old-model1:latest',0,1,'truncated',0.3,0.0,0.0,'97ef0a5efb16109461ed9fe2279c1c611b3b10423c9ee740461934f8a48897d5','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm3", "generation_time": 0.75, "model_used": "model1:latest", "temperature": 0.5, "test_passed": false, "test_time": 0.0, "quality_score": 0.3, "execution_time": 0.0, "combined_score": 0.21, "success": true, "error": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "failure": "truncated", "verified": true, "speed_score": 0.0, "reward": 0.0, "measures": {}, "timings": null, "id": "01a217de-0553-709b-b64e-025cff46ed95", "arm_id": "c798e64c27c6", "node_id": "", "digest": "sha256:old-model1:latest", "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null, "tools": {}}',0,0.75,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(7,'01a217de-05c7-7df9-9829-b4ba9ce7a406',1.79569675616852545739e+09,'01a217de-05b7-7f0e-95ef-b592e56e97be',0,'text','b2074694e7de','arm2','model1:latest','sha256:old-model1:latest',1,1,NULL,6.79999999999999937827e-01,0.97,7.66999999999999904076e-01,'dbe37ac31a72d7ea53b9ebee11146250c80c9f28852885229dcf56019ea1f465','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm2", "generation_time": 1.0, "model_used": "model1:latest", "temperature": 0.1, "test_passed": true, "test_time": 0.0, "quality_score": 0.6799999999999999, "execution_time": 0.5, "combined_score": 0.7669999999999999, "success": true, "error": null, "failure": null, "verified": true, "speed_score": 0.97, "reward": 0.7669999999999999, "measures": {}, "timings": null, "id": "01a217de-05c7-7df9-9829-b4ba9ce7a406", "arm_id": "b2074694e7de", "node_id": "", "digest": "sha256:old-model1:latest", "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null, "tools": {}}',0,1.0,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(8,'01a217de-05c7-7220-bf4d-f6bbb4f6c166',1.79569675616852545739e+09,'01a217de-05b7-7f0e-95ef-b592e56e97be',1,'text','c798e64c27c6','arm3','model1:latest','sha256:old-model1:latest',1,1,NULL,0.6,0.99,0.717,'97ef0a5efb16109461ed9fe2279c1c611b3b10423c9ee740461934f8a48897d5','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm3", "generation_time": 1.0, "model_used": "model1:latest", "temperature": 0.5, "test_passed": true, "test_time": 0.0, "quality_score": 0.6, "execution_time": 0.0, "combined_score": 0.717, "success": true, "error": null, "failure": null, "verified": true, "speed_score": 0.99, "reward": 0.717, "measures": {}, "timings": null, "id": "01a217de-05c7-7220-bf4d-f6bbb4f6c166", "arm_id": "c798e64c27c6", "node_id": "", "digest": "sha256:old-model1:latest", "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null, "tools": {}}',0,1.0,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(9,'01a217de-05c7-744a-96c8-d69251526938',1.79569675616852545739e+09,'01a217de-05b7-7f0e-95ef-b592e56e97be',2,'text','956eb4777bb3','arm1','model0:latest','sha256:old-model0:latest',0,0,'infrastructure',0.3,0.0,0.0,'dbe37ac31a72d7ea53b9ebee11146250c80c9f28852885229dcf56019ea1f465','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm1", "generation_time": 1.0, "model_used": "model0:latest", "temperature": 0.5, "test_passed": false, "test_time": 0.0, "quality_score": 0.3, "execution_time": 0.25, "combined_score": 0.21, "success": true, "error": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "failure": "infrastructure", "verified": false, "speed_score": 0.0, "reward": 0.0, "measures": {}, "timings": null, "id": "01a217de-05c7-744a-96c8-d69251526938", "arm_id": "956eb4777bb3", "node_id": "", "digest": "sha256:old-model0:latest", "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null, "tools": {}}',0,1.0,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(10,'01a217de-0623-7bef-b7cc-daf629fd6e55',1.79569675626058030131e+09,'01a217de-060d-7815-9a36-226bbef486fe',0,'numeric','b2074694e7de','arm2','model1:latest','sha256:old-model1:latest',1,1,NULL,0.64,9.77499999999999924504e-01,0.74125,'9e26bf369911c45c243c684147b23fc9e1dcfcf257d299a1c632016a6fcd33f4','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm2", "generation_time": 1.25, "model_used": "model1:latest", "temperature": 0.1, "test_passed": true, "test_time": 0.0, "quality_score": 0.64, "execution_time": 0.25, "combined_score": 0.74125, "success": true, "error": null, "failure": null, "verified": true, "speed_score": 0.9774999999999999, "reward": 0.74125, "measures": {}, "timings": null, "id": "01a217de-0623-7bef-b7cc-daf629fd6e55", "arm_id": "b2074694e7de", "node_id": "", "digest": "sha256:old-model1:latest", "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null, "tools": {}}',0,1.25,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(11,'01a217de-0623-71cc-a537-e637370ce901',1.79569675626058030131e+09,'01a217de-060d-7815-9a36-226bbef486fe',1,'numeric','188f4b640ef9','arm0','model0:latest','sha256:old-model0:latest',0,1,'truncated',0.3,0.0,0.0,'9e26bf369911c45c243c684147b23fc9e1dcfcf257d299a1c632016a6fcd33f4','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm0", "generation_time": 1.25, "model_used": "model0:latest", "temperature": 0.1, "test_passed": false, "test_time": 0.0, "quality_score": 0.3, "execution_time": 0.5, "combined_score": 0.21, "success": true, "error": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "failure": "truncated", "verified": true, "speed_score": 0.0, "reward": 0.0, "measures": {}, "timings": null, "id": "01a217de-0623-71cc-a537-e637370ce901", "arm_id": "188f4b640ef9", "node_id": "", "digest": "sha256:old-model0:latest", "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null, "tools": {}}',0,1.25,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(12,'01a217de-0623-7f60-bcdb-6de746e3dbea',1.79569675626058030131e+09,'01a217de-060d-7815-9a36-226bbef486fe',2,'numeric','c798e64c27c6','arm3','model1:latest','sha256:old-model1:latest',0,1,'error',0.3,0.0,0.0,'97ef0a5efb16109461ed9fe2279c1c611b3b10423c9ee740461934f8a48897d5','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm3", "generation_time": 1.25, "model_used": "model1:latest", "temperature": 0.5, "test_passed": false, "test_time": 0.0, "quality_score": 0.3, "execution_time": 0.0, "combined_score": 0.21, "success": true, "error": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "failure": "error", "verified": true, "speed_score": 0.0, "reward": 0.0, "measures": {}, "timings": null, "id": "01a217de-0623-7f60-bcdb-6de746e3dbea", "arm_id": "c798e64c27c6", "node_id": "", "digest": "sha256:old-model1:latest", "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null, "tools": {}}',0,1.25,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(13,'01a217de-067f-7bc5-b0ee-4d6089b63ae6',1.79569675635248470306e+09,'01a217de-0665-7388-9aa8-993e97303f29',0,'text','c798e64c27c6','arm3','model1:latest','sha256:old-model1:latest',1,1,NULL,6.79999999999999937827e-01,0.965,7.65499999999999847233e-01,'dbe37ac31a72d7ea53b9ebee11146250c80c9f28852885229dcf56019ea1f465','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm3", "generation_time": 1.5, "model_used": "model1:latest", "temperature": 0.5, "test_passed": true, "test_time": 0.0, "quality_score": 0.6799999999999999, "execution_time": 0.5, "combined_score": 0.7654999999999998, "success": true, "error": null, "failure": null, "verified": true, "speed_score": 0.965, "reward": 0.7654999999999998, "measures": {}, "timings": null, "id": "01a217de-067f-7bc5-b0ee-4d6089b63ae6", "arm_id": "c798e64c27c6", "node_id": "", "digest": "sha256:old-model1:latest", "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null, "tools": {}}',0,1.5,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(14,'01a217de-067f-7066-aa2c-0661eba8d075',1.79569675635248470306e+09,'01a217de-0665-7388-9aa8-993e97303f29',1,'text','b2074694e7de','arm2','model1:latest','sha256:old-model1:latest',1,1,NULL,0.6,0.985,0.7155,'97ef0a5efb16109461ed9fe2279c1c611b3b10423c9ee740461934f8a48897d5','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm2", "generation_time": 1.5, "model_used": "model1:latest", "temperature": 0.1, "test_passed": true, "test_time": 0.0, "quality_score": 0.6, "execution_time": 0.0, "combined_score": 0.7155, "success": true, "error": null, "failure": null, "verified": true, "speed_score": 0.985, "reward": 0.7155, "measures": {}, "timings": null, "id": "01a217de-067f-7066-aa2c-0661eba8d075", "arm_id": "b2074694e7de", "node_id": "", "digest": "sha256:old-model1:latest", "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null, "tools": {}}',0,1.5,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(15,'01a217de-067f-73e6-96d2-696152661487',1.79569675635248470306e+09,'01a217de-0665-7388-9aa8-993e97303f29',2,'text','188f4b640ef9','arm0','model0:latest','sha256:old-model0:latest',0,1,'refused',0.3,0.0,0.0,'dbe37ac31a72d7ea53b9ebee11146250c80c9f28852885229dcf56019ea1f465','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm0", "generation_time": 1.5, "model_used": "model0:latest", "temperature": 0.1, "test_passed": false, "test_time": 0.0, "quality_score": 0.3, "execution_time": 0.25, "combined_score": 0.21, "success": true, "error": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "failure": "refused", "verified": true, "speed_score": 0.0, "reward": 0.0, "measures": {}, "timings": null, "id": "01a217de-067f-73e6-96d2-696152661487", "arm_id": "188f4b640ef9", "node_id": "", "digest": "sha256:old-model0:latest", "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null, "tools": {}}',0,1.5,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(16,'01a217de-06d3-7216-9f66-3d8c88909615',1.79569675643648529054e+09,'01a217de-06c0-786a-b34d-aa38dc6d4601',0,'text','c798e64c27c6','arm3','model1:latest','sha256:new-model1:latest',1,1,NULL,0.64,0.9725,7.39749999999999907629e-01,'9e26bf369911c45c243c684147b23fc9e1dcfcf257d299a1c632016a6fcd33f4','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm3", "generation_time": 1.75, "model_used": "model1:latest", "temperature": 0.5, "test_passed": true, "test_time": 0.0, "quality_score": 0.64, "execution_time": 0.25, "combined_score": 0.7397499999999999, "success": true, "error": null, "failure": null, "verified": true, "speed_score": 0.9725, "reward": 0.7397499999999999, "measures": {}, "timings": null, "id": "01a217de-06d3-7216-9f66-3d8c88909615", "arm_id": "c798e64c27c6", "node_id": "", "digest": "sha256:new-model1:latest", "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null, "tools": {}}',0,1.75,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(17,'01a217de-06d3-72b9-a766-20128094b065',1.79569675643648529054e+09,'01a217de-06c0-786a-b34d-aa38dc6d4601',1,'text','188f4b640ef9','arm0','model0:latest','sha256:new-model0:latest',0,1,'error',0.3,0.0,0.0,'9e26bf369911c45c243c684147b23fc9e1dcfcf257d299a1c632016a6fcd33f4','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm0", "generation_time": 1.75, "model_used": "model0:latest", "temperature": 0.1, "test_passed": false, "test_time": 0.0, "quality_score": 0.3, "execution_time": 0.5, "combined_score": 0.21, "success": true, "error": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "failure": "error", "verified": true, "speed_score": 0.0, "reward": 0.0, "measures": {}, "timings": null, "id": "01a217de-06d3-72b9-a766-20128094b065", "arm_id": "188f4b640ef9", "node_id": "", "digest": "sha256:new-model0:latest", "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null, "tools": {}}',0,1.75,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(18,'01a217de-06d3-7a77-bf30-cf83ba0e1656',1.79569675643648529054e+09,'01a217de-06c0-786a-b34d-aa38dc6d4601',2,'text','b2074694e7de','arm2','model1:latest','sha256:new-model1:latest',0,0,'infrastructure',0.3,0.0,0.0,'97ef0a5efb16109461ed9fe2279c1c611b3b10423c9ee740461934f8a48897d5','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm2", "generation_time": 1.75, "model_used": "model1:latest", "temperature": 0.1, "test_passed": false, "test_time": 0.0, "quality_score": 0.3, "execution_time": 0.0, "combined_score": 0.21, "success": true, "error": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "failure": "infrastructure", "verified": false, "speed_score": 0.0, "reward": 0.0, "measures": {}, "timings": null, "id": "01a217de-06d3-7a77-bf30-cf83ba0e1656", "arm_id": "b2074694e7de", "node_id": "", "digest": "sha256:new-model1:latest", "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null, "tools": {}}',0,1.75,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(19,'01a217de-072b-7350-bbe5-cc974afd1d16',1.79569675652448987965e+09,'01a217de-0719-7890-8077-1b342fb7cef8',0,'numeric','956eb4777bb3','arm1','model0:latest','sha256:new-model0:latest',1,1,NULL,6.79999999999999937827e-01,0.96,7.63999999999999901412e-01,'dbe37ac31a72d7ea53b9ebee11146250c80c9f28852885229dcf56019ea1f465','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm1", "generation_time": 2.0, "model_used": "model0:latest", "temperature": 0.5, "test_passed": true, "test_time": 0.0, "quality_score": 0.6799999999999999, "execution_time": 0.5, "combined_score": 0.7639999999999999, "success": true, "error": null, "failure": null, "verified": true, "speed_score": 0.96, "reward": 0.7639999999999999, "measures": {}, "timings": null, "id": "01a217de-072b-7350-bbe5-cc974afd1d16", "arm_id": "956eb4777bb3", "node_id": "", "digest": "sha256:new-model0:latest", "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null, "tools": {}}',0,2.0,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(20,'01a217de-072b-7a79-af8e-c5a9a86a1498',1.79569675652448987965e+09,'01a217de-0719-7890-8077-1b342fb7cef8',1,'numeric','188f4b640ef9','arm0','model0:latest','sha256:new-model0:latest',1,1,NULL,0.6,0.98,0.714,'97ef0a5efb16109461ed9fe2279c1c611b3b10423c9ee740461934f8a48897d5','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm0", "generation_time": 2.0, "model_used": "model0:latest", "temperature": 0.1, "test_passed": true, "test_time": 0.0, "quality_score": 0.6, "execution_time": 0.0, "combined_score": 0.714, "success": true, "error": null, "failure": null, "verified": true, "speed_score": 0.98, "reward": 0.714, "measures": {}, "timings": null, "id": "01a217de-072b-7a79-af8e-c5a9a86a1498", "arm_id": "188f4b640ef9", "node_id": "", "digest": "sha256:new-model0:latest", "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null, "tools": {}}',0,2.0,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(21,'01a217de-072b-7bf5-8367-0ff057d75912',1.79569675652448987965e+09,'01a217de-0719-7890-8077-1b342fb7cef8',2,'numeric','c798e64c27c6','arm3','model1:latest','sha256:new-model1:latest',0,1,'truncated',0.3,0.0,0.0,'dbe37ac31a72d7ea53b9ebee11146250c80c9f28852885229dcf56019ea1f465','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm3", "generation_time": 2.0, "model_used": "model1:latest", "temperature": 0.5, "test_passed": false, "test_time": 0.0, "quality_score": 0.3, "execution_time": 0.25, "combined_score": 0.21, "success": true, "error": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "failure": "truncated", "verified": true, "speed_score": 0.0, "reward": 0.0, "measures": {}, "timings": null, "id": "01a217de-072b-7bf5-8367-0ff057d75912", "arm_id": "c798e64c27c6", "node_id": "", "digest": "sha256:new-model1:latest", "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null, "tools": {}}',0,2.0,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(22,'01a217de-0783-7ac3-9241-6ec3aae362dc',1.79569675661253166194e+09,'01a217de-076d-7390-9c53-01a350bcd63a',0,'text','b2074694e7de','arm2','model1:latest','sha256:new-model1:latest',1,1,NULL,0.64,0.9675,0.73825,'9e26bf369911c45c243c684147b23fc9e1dcfcf257d299a1c632016a6fcd33f4','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm2", "generation_time": 2.25, "model_used": "model1:latest", "temperature": 0.1, "test_passed": true, "test_time": 0.0, "quality_score": 0.64, "execution_time": 0.25, "combined_score": 0.73825, "success": true, "error": null, "failure": null, "verified": true, "speed_score": 0.9675, "reward": 0.73825, "measures": {}, "timings": null, "id": "01a217de-0783-7ac3-9241-6ec3aae362dc", "arm_id": "b2074694e7de", "node_id": "", "digest": "sha256:new-model1:latest", "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null, "tools": {}}',0,2.25,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(23,'01a217de-0783-7541-8f32-92fc9f41cf03',1.79569675661253166194e+09,'01a217de-076d-7390-9c53-01a350bcd63a',1,'text','188f4b640ef9','arm0','model0:latest','sha256:new-model0:latest',0,0,'infrastructure',0.3,0.0,0.0,'9e26bf369911c45c243c684147b23fc9e1dcfcf257d299a1c632016a6fcd33f4','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm0", "generation_time": 2.25, "model_used": "model0:latest", "temperature": 0.1, "test_passed": false, "test_time": 0.0, "quality_score": 0.3, "execution_time": 0.5, "combined_score": 0.21, "success": true, "error": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "failure": "infrastructure", "verified": false, "speed_score": 0.0, "reward": 0.0, "measures": {}, "timings": null, "id": "01a217de-0783-7541-8f32-92fc9f41cf03", "arm_id": "188f4b640ef9", "node_id": "", "digest": "sha256:new-model0:latest", "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null, "tools": {}}',0,2.25,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(24,'01a217de-0783-7ed4-96f9-64715e366b3e',1.79569675661253166194e+09,'01a217de-076d-7390-9c53-01a350bcd63a',2,'text','c798e64c27c6','arm3','model1:latest','sha256:new-model1:latest',0,1,'refused',0.3,0.0,0.0,'97ef0a5efb16109461ed9fe2279c1c611b3b10423c9ee740461934f8a48897d5','602a998b23b18a54a2ad337125d492c65c1ccedc877922065de83af70bddcaa1','{"generator_name": "arm3", "generation_time": 2.25, "model_used": "model1:latest", "temperature": 0.5, "test_passed": false, "test_time": 0.0, "quality_score": 0.3, "execution_time": 0.0, "combined_score": 0.21, "success": true, "error": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "failure": "refused", "verified": true, "speed_score": 0.0, "reward": 0.0, "measures": {}, "timings": null, "id": "01a217de-0783-7ed4-96f9-64715e366b3e", "arm_id": "c798e64c27c6", "node_id": "", "digest": "sha256:new-model1:latest", "stdout": "print(''\udcff\u0000\u00e9\ud834\udd1e</script>\u202e'')\r\n\u001b[31m", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null, "tools": {}}',0,2.25,NULL,NULL,NULL);
INSERT INTO "banditgen_results" VALUES(25,'by-hand',1.79569675681085133556e+09,NULL,0,'text','name:arm1','arm1','model0',NULL,1,1,NULL,0.7,0.5,0.0,'2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881',NULL,'{"generator_name": "arm1", "generation_time": 1.0, "model_used": "model0", "temperature": 0.5, "test_passed": true, "test_time": 0.0, "quality_score": 0.7, "execution_time": 0.0, "combined_score": 0.0, "success": true, "error": null, "failure": null, "verified": true, "speed_score": 0.5, "reward": 0.0, "measures": {}, "timings": null, "id": "by-hand", "arm_id": "name:arm1", "node_id": "", "digest": null, "stdout": "", "stderr": "", "channel": "", "isolation": {}, "step": 0, "price": null, "prompt_version": null, "tools": {}}',0,1.0,NULL,NULL,NULL);
CREATE TABLE banditgen_selections (
	id TEXT NOT NULL, 
	created_at FLOAT NOT NULL, 
	scope TEXT NOT NULL, 
	task_type TEXT, 
	arm_name TEXT NOT NULL, 
	result_id TEXT, 
	combined_score FLOAT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "banditgen_selections" VALUES('01a217de-0508-7929-b844-d0918f8d8943',1.79569675597702717783e+09,'balanced:0.7/0.3','numeric','arm0','01a217de-04e4-79f9-bafa-157800a38d88',0.7685);
INSERT INTO "banditgen_selections" VALUES('01a217de-056a-7bb3-a209-4b59f5b244da',1.79569675607483935351e+09,'balanced:0.7/0.3','text','arm2','01a217de-0553-746f-8be3-bdce89bf456a',0.74275);
INSERT INTO "banditgen_selections" VALUES('01a217de-05da-75e3-8c70-946ee0c66ca2',1.79569675618679523471e+09,'balanced:0.7/0.3','text','arm2','01a217de-05c7-7df9-9829-b4ba9ce7a406',7.66999999999999904076e-01);
INSERT INTO "banditgen_selections" VALUES('01a217de-0636-75d3-90df-72adee911af0',1.79569675627883362767e+09,'balanced:0.7/0.3','numeric','arm2','01a217de-0623-7bef-b7cc-daf629fd6e55',0.74125);
INSERT INTO "banditgen_selections" VALUES('01a217de-068b-7b46-926c-d0607b3116bc',1.79569675636400532723e+09,'balanced:0.7/0.3','text','arm3','01a217de-067f-7bc5-b0ee-4d6089b63ae6',7.65499999999999847233e-01);
INSERT INTO "banditgen_selections" VALUES('01a217de-06e2-7c5a-99dd-634c8e22896e',1.79569675645082736017e+09,'balanced:0.7/0.3','text','arm3','01a217de-06d3-7216-9f66-3d8c88909615',7.39749999999999907629e-01);
INSERT INTO "banditgen_selections" VALUES('01a217de-073e-7a65-ac80-442e1cbe64df',1.79569675654282593724e+09,'balanced:0.7/0.3','numeric','arm1','01a217de-072b-7350-bbe5-cc974afd1d16',7.63999999999999901412e-01);
INSERT INTO "banditgen_selections" VALUES('01a217de-078a-736e-9892-206b39e53c5a',1.79569675661878228184e+09,'balanced:0.7/0.3','text','arm2','01a217de-0783-7ac3-9241-6ec3aae362dc',0.73825);
CREATE TABLE banditgen_soft_evidence (
	id TEXT NOT NULL, 
	created_at FLOAT NOT NULL, 
	result_id TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	value FLOAT NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE banditgen_soft_statistics (
	task_type TEXT NOT NULL, 
	arm_id TEXT NOT NULL, 
	model TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	level INTEGER NOT NULL, 
	verdict INTEGER NOT NULL, 
	shard INTEGER NOT NULL, 
	count BIGINT NOT NULL, 
	stamp BIGINT NOT NULL, 
	PRIMARY KEY (task_type, arm_id, model, digest, kind, level, verdict, shard)
);
INSERT INTO "banditgen_soft_statistics" VALUES('numeric','188f4b640ef9','model0','','rating',4,1,0,1,24);
INSERT INTO "banditgen_soft_statistics" VALUES('text','b2074694e7de','model1','sha256:old-model1:latest','rating',10,1,0,1,24);
CREATE TABLE banditgen_statistics (
	task_type TEXT NOT NULL, 
	arm_id TEXT NOT NULL, 
	model TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	verdict INTEGER NOT NULL, 
	failure TEXT NOT NULL, 
	shard INTEGER NOT NULL, 
	count BIGINT NOT NULL, 
	quality FLOAT NOT NULL, 
	speed FLOAT NOT NULL, 
	quality_quality FLOAT NOT NULL, 
	quality_speed FLOAT NOT NULL, 
	speed_speed FLOAT NOT NULL, 
	seconds FLOAT NOT NULL, 
	tokens FLOAT NOT NULL, 
	price FLOAT NOT NULL, 
	last_at FLOAT NOT NULL, 
	stamp BIGINT NOT NULL, 
	PRIMARY KEY (task_type, arm_id, model, digest, verdict, failure, shard)
);
INSERT INTO "banditgen_statistics" VALUES('numeric','188f4b640ef9','model0','',1,'',0,1,6.79999999999999937827e-01,0.975,4.62399999999999922195e-01,6.62999999999999922728e-01,9.50624999999999942268e-01,0.5,0.0,0.0,1.79569675595122408865e+09,3);
INSERT INTO "banditgen_statistics" VALUES('numeric','956eb4777bb3','model0','',0,'error',0,1,0.3,0.0,0.09,0.0,0.0,0.5,0.0,0.0,1.79569675595122408865e+09,3);
INSERT INTO "banditgen_statistics" VALUES('numeric','c798e64c27c6','model1','',1,'',0,1,0.6,0.995,0.36,0.597,0.990025,0.5,0.0,0.0,1.79569675595122408865e+09,3);
INSERT INTO "banditgen_statistics" VALUES('text','188f4b640ef9','model0','sha256:old-model0:latest',0,'refused',0,2,0.6,0.0,0.18,0.0,0.0,2.25,0.0,0.0,1.79569675635248470306e+09,15);
INSERT INTO "banditgen_statistics" VALUES('text','b2074694e7de','model1','sha256:old-model1:latest',1,'',0,3,1.92,2.9375,1.23199999999999976196e+00,1.8794,2.87643125,3.25,0.0,0.0,1.79569675635248470306e+09,15);
INSERT INTO "banditgen_statistics" VALUES('text','c798e64c27c6','model1','sha256:old-model1:latest',0,'truncated',0,1,0.3,0.0,0.09,0.0,0.0,0.75,0.0,0.0,1.79569675605260467531e+09,6);
INSERT INTO "banditgen_statistics" VALUES('text','956eb4777bb3','model0','sha256:old-model0:latest',-1,'infrastructure',0,1,0.3,0.0,0.09,0.0,0.0,1.0,0.0,0.0,1.79569675616852545739e+09,9);
INSERT INTO "banditgen_statistics" VALUES('text','c798e64c27c6','model1','sha256:old-model1:latest',1,'',0,2,1.2799999999999998046e+00,1.955,8.22399999999999908872e-01,1.2502,1.911325,2.5,0.0,0.0,1.79569675635248470306e+09,15);
INSERT INTO "banditgen_statistics" VALUES('numeric','188f4b640ef9','model0','sha256:old-model0:latest',0,'truncated',0,1,0.3,0.0,0.09,0.0,0.0,1.25,0.0,0.0,1.79569675626058030131e+09,12);
INSERT INTO "banditgen_statistics" VALUES('numeric','b2074694e7de','model1','sha256:old-model1:latest',1,'',0,1,0.64,9.77499999999999924504e-01,0.4096,6.25599999999999933919e-01,9.55506249999999890398e-01,1.25,0.0,0.0,1.79569675626058030131e+09,12);
INSERT INTO "banditgen_statistics" VALUES('numeric','c798e64c27c6','model1','sha256:old-model1:latest',0,'error',0,1,0.3,0.0,0.09,0.0,0.0,1.25,0.0,0.0,1.79569675626058030131e+09,12);
INSERT INTO "banditgen_statistics" VALUES('text','188f4b640ef9','model0','sha256:new-model0:latest',0,'error',0,1,0.3,0.0,0.09,0.0,0.0,1.75,0.0,0.0,1.79569675643648529054e+09,18);
INSERT INTO "banditgen_statistics" VALUES('text','b2074694e7de','model1','sha256:new-model1:latest',-1,'infrastructure',0,1,0.3,0.0,0.09,0.0,0.0,1.75,0.0,0.0,1.79569675643648529054e+09,18);
INSERT INTO "banditgen_statistics" VALUES('text','c798e64c27c6','model1','sha256:new-model1:latest',1,'',0,1,0.64,0.9725,0.4096,6.22400000000000064304e-01,9.45756250000000076028e-01,1.75,0.0,0.0,1.79569675643648529054e+09,18);
INSERT INTO "banditgen_statistics" VALUES('numeric','188f4b640ef9','model0','sha256:new-model0:latest',1,'',0,1,0.6,0.98,0.36,0.588,9.60399999999999920419e-01,2.0,0.0,0.0,1.79569675652448987965e+09,21);
INSERT INTO "banditgen_statistics" VALUES('numeric','956eb4777bb3','model0','sha256:new-model0:latest',1,'',0,1,6.79999999999999937827e-01,0.96,4.62399999999999922195e-01,6.52799999999999935873e-01,0.9216,2.0,0.0,0.0,1.79569675652448987965e+09,21);
INSERT INTO "banditgen_statistics" VALUES('numeric','c798e64c27c6','model1','sha256:new-model1:latest',0,'truncated',0,1,0.3,0.0,0.09,0.0,0.0,2.0,0.0,0.0,1.79569675652448987965e+09,21);
INSERT INTO "banditgen_statistics" VALUES('text','188f4b640ef9','model0','sha256:new-model0:latest',-1,'infrastructure',0,1,0.3,0.0,0.09,0.0,0.0,2.25,0.0,0.0,1.79569675661253166194e+09,24);
INSERT INTO "banditgen_statistics" VALUES('text','b2074694e7de','model1','sha256:new-model1:latest',1,'',0,1,0.64,0.9675,0.4096,6.19200000000000083666e-01,0.93605625,2.25,0.0,0.0,1.79569675661253166194e+09,24);
INSERT INTO "banditgen_statistics" VALUES('text','c798e64c27c6','model1','sha256:new-model1:latest',0,'refused',0,1,0.3,0.0,0.09,0.0,0.0,2.25,0.0,0.0,1.79569675661253166194e+09,24);
INSERT INTO "banditgen_statistics" VALUES('text','name:arm1','model0','',1,'',0,1,0.7,0.5,4.89999999999999935607e-01,0.35,0.25,1.0,0.0,0.0,1.79569675681085133556e+09,25);
CREATE TABLE banditgen_strategies (
	hash TEXT NOT NULL, 
	name TEXT NOT NULL, 
	created_at FLOAT NOT NULL, 
	toml TEXT NOT NULL, 
	PRIMARY KEY (hash)
);
INSERT INTO "banditgen_strategies" VALUES('82a0ceb03942','balanced',1.79569675589791440963e+09,'k = 3
policy = "best_set"

[weights]
quality = 0.7
speed = 0.3

[[arms]]
name = "arm0"
model = "model0:latest"
temperature = 0.1
max_tokens = 4000
weight = 1.0

[[arms]]
name = "arm1"
model = "model0:latest"
temperature = 0.5
max_tokens = 4000
weight = 1.0

[[arms]]
name = "arm2"
model = "model1:latest"
temperature = 0.1
max_tokens = 4000
weight = 1.0

[[arms]]
name = "arm3"
model = "model1:latest"
temperature = 0.5
max_tokens = 4000
weight = 1.0
');
CREATE TABLE banditgen_weights (
	id TEXT NOT NULL, 
	created_at FLOAT NOT NULL, 
	scope TEXT NOT NULL, 
	quality FLOAT NOT NULL, 
	speed FLOAT NOT NULL, 
	feedback_id TEXT, 
	task_type TEXT DEFAULT '' NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "banditgen_weights" VALUES('01a217de-07bc-7f01-82fb-7040495234e9',1.79569675666683506963e+09,'balanced:0.7/0.3',0.7,0.3,NULL,'numeric');
INSERT INTO "banditgen_weights" VALUES('01a217de-07bd-78e1-9dfa-16f646b8abf7',1.79569675666683602329e+09,'balanced:0.7/0.3',0.65,0.35,'01a217de-07a1-74bb-a34a-1e69d01591f2','numeric');
INSERT INTO "banditgen_weights" VALUES('01a217de-07ca-7123-b521-3595b570b7d6',1.79569675666989111897e+09,'balanced:0.7/0.3',0.7,0.3,NULL,'');
INSERT INTO "banditgen_weights" VALUES('01a217de-07cb-7216-8cb8-685c8dd21e8e',1.79569675666989207263e+09,'balanced:0.7/0.3',0.65,0.35,'01a217de-07a1-74bb-a34a-1e69d01591f2','');
INSERT INTO "banditgen_weights" VALUES('01a217de-07e3-7789-b1df-698bae989ada',1.79569675670665955544e+09,'balanced:0.7/0.3',0.7,0.3,NULL,'text');
INSERT INTO "banditgen_weights" VALUES('01a217de-07e4-76cd-b843-f126951f220f',1.7956967567066605091e+09,'balanced:0.7/0.3',0.7,0.3,'01a217de-07dc-7f44-8ee3-a9c27fb2ac1f','text');
INSERT INTO "banditgen_weights" VALUES('01a217de-07e5-7591-aa15-8ae8622f5819',1.79569675670882320404e+09,'balanced:0.7/0.3',0.65,0.35,'01a217de-07dc-7f44-8ee3-a9c27fb2ac1f','');
CREATE UNIQUE INDEX banditgen_decisions_by_race ON banditgen_decisions (race_id, step);
CREATE INDEX banditgen_decisions_pending ON banditgen_decisions (task_type, created_at) WHERE answered = 0;
CREATE INDEX banditgen_races_by_time ON banditgen_races (created_at, id);
CREATE INDEX banditgen_results_by_race ON banditgen_results (race_id);
CREATE INDEX banditgen_results_by_name ON banditgen_results (arm_name, seq);
CREATE INDEX banditgen_arm_events_by_scope ON banditgen_arm_events (scope, created_at);
CREATE INDEX banditgen_selections_by_scope ON banditgen_selections (scope);
CREATE INDEX banditgen_feedback_by_race ON banditgen_feedback (race_id);
CREATE INDEX banditgen_feedback_by_result ON banditgen_feedback (result_id);
CREATE INDEX banditgen_preferences_by_race ON banditgen_preferences (race_id);
CREATE INDEX banditgen_soft_evidence_by_result ON banditgen_soft_evidence (result_id);
CREATE INDEX banditgen_weights_by_type ON banditgen_weights (scope, task_type, created_at);
CREATE INDEX banditgen_statistics_by_stamp ON banditgen_statistics (stamp);
CREATE INDEX banditgen_patterns_by_stamp ON banditgen_patterns (stamp);
CREATE INDEX banditgen_soft_statistics_by_stamp ON banditgen_soft_statistics (stamp);
CREATE INDEX banditgen_measure_statistics_by_stamp ON banditgen_measure_statistics (stamp);
COMMIT;
