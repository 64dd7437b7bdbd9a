/// Kubernetes' own kinds: plural, singular and short names. Of what a cluster may add to them, nothing is known.
const KINDS: [&[&str]; 49] = [
    &["all"],
    &["apiservices", "apiservice"],
    &["bindings", "binding"],
    &["certificatesigningrequests", "certificatesigningrequest", "csr"],
    &["clusterrolebindings", "clusterrolebinding"],
    &["clusterroles", "clusterrole"],
    &["componentstatuses", "componentstatus", "cs"],
    &["configmaps", "configmap", "cm"],
    &["controllerrevisions", "controllerrevision"],
    &["cronjobs", "cronjob", "cj"],
    &["csidrivers", "csidriver"],
    &["csinodes", "csinode"],
    &["csistoragecapacities", "csistoragecapacity"],
    &["customresourcedefinitions", "customresourcedefinition", "crd", "crds"],
    &["daemonsets", "daemonset", "ds"],
    &["deployments", "deployment", "deploy"],
    &["endpoints", "endpoint", "ep"],
    &["endpointslices", "endpointslice"],
    &["events", "event", "ev"],
    &["flowschemas", "flowschema"],
    &["horizontalpodautoscalers", "horizontalpodautoscaler", "hpa"],
    &["ingressclasses", "ingressclass"],
    &["ingresses", "ingress", "ing"],
    &["jobs", "job"],
    &["leases", "lease"],
    &["limitranges", "limitrange", "limits"],
    &["mutatingwebhookconfigurations", "mutatingwebhookconfiguration"],
    &["namespaces", "namespace", "ns"],
    &["networkpolicies", "networkpolicy", "netpol"],
    &["nodes", "node", "no"],
    &["persistentvolumeclaims", "persistentvolumeclaim", "pvc"],
    &["persistentvolumes", "persistentvolume", "pv"],
    &["poddisruptionbudgets", "poddisruptionbudget", "pdb"],
    &["pods", "pod", "po"],
    &["podtemplates", "podtemplate"],
    &["priorityclasses", "priorityclass", "pc"],
    &["replicasets", "replicaset", "rs"],
    &["replicationcontrollers", "replicationcontroller", "rc"],
    &["resourcequotas", "resourcequota", "quota"],
    &["rolebindings", "rolebinding"],
    &["roles", "role"],
    &["runtimeclasses", "runtimeclass"],
    &["secrets", "secret"],
    &["serviceaccounts", "serviceaccount", "sa"],
    &["services", "service", "svc"],
    &["statefulsets", "statefulset", "sts"],
    &["storageclasses", "storageclass", "sc"],
    &["validatingwebhookconfigurations", "validatingwebhookconfiguration"],
    &["volumeattachments", "volumeattachment"],
];

/// All names of a kind that is called `name`, the plural first.
pub(super) fn names(name: &str) -> Option<&'static [&'static str]> {
    let lower = name.to_ascii_lowercase();
    KINDS.iter().find(|names| names.contains(&lower.as_str())).copied()
}

/// `pod,svc` as `pods,services`; a version and a group stay as they are. None if one of them is no kind.
pub(super) fn plurals(word: &str) -> Option<String> {
    if word.contains('/') {
        return None;
    }
    let plural = |kind: &str| {
        let (kind, group) = kind.split_at(kind.find('.').unwrap_or(kind.len()));
        Some(format!("{}{group}", names(kind)?.first()?))
    };
    word.split(',').map(plural).collect::<Option<Vec<_>>>().map(|kinds| kinds.join(","))
}

#[cfg(test)]
mod tests {
    use super::plurals;

    #[test]
    fn a_kind_has_one_name() {
        assert_eq!(plurals("po,svc").unwrap(), "pods,services");
        assert_eq!(plurals("Deployment").unwrap(), "deployments");
        assert_eq!(plurals("job.v1.batch").unwrap(), "jobs.v1.batch");
        assert_eq!(plurals("pods,cats"), None);
        assert_eq!(plurals(""), None);
    }
}
